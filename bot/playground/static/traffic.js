// The traffic drawer: every request between this workspace and the bot, newest first, each opening to its JSON.

import { api, failed } from "./api.js";
import { timeWithSeconds } from "./dates.js";
import { byId, h, icon, jsonView } from "./dom.js";
import { go, on, store } from "./state.js";

const KEPT = 500; // rows, as many as the server keeps

const rows = new Map(); // n → {row, node}
let filter = "";
let direction = "all";
let list = null;
let count = null;

export function startTraffic() {
  const panel = byId("traffic");
  const button = byId("open-traffic");
  list = h("div", { class: "traffic-list", data: { testid: "traffic-list" } });
  count = h("span", { class: "panel-where" });
  panel.append(
    head(() => setOpen(false)),
    tools(),
    list,
  );
  button.append(icon("waves"), h("span", { class: "bar-words" }, "Traffic"));
  const setOpen = async (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-pressed", String(open));
    if (!open) return;
    if (store.thread) go({ thread: null });
    await load();
    panel.querySelector("input").focus();
  };
  button.addEventListener("click", () => setOpen(panel.hidden));
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    setOpen(false);
    button.focus();
  });
  on("place", ({ again }) => {
    if (store.thread) setOpen(false);
    else if (again) {
      rows.clear(); // a server that was started anew counts from one again
      if (!panel.hidden) load();
    }
  });
  on("stream:traffic", ({ row }) => {
    if (panel.hidden) return;
    take(row);
    draw();
  });
}

function head(close) {
  return h(
    "header",
    { class: "panel-head" },
    h("h2", { class: "panel-title" }, "Traffic"),
    count,
    h(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-label": "Close traffic",
        data: { testid: "close-traffic" },
        on: { click: close },
      },
      icon("close"),
    ),
  );
}

function tools() {
  const sides = [
    ["all", "All"],
    ["to_bot", "To the bot"],
    ["from_bot", "From the bot"],
  ].map(([value, words]) =>
    h(
      "button",
      {
        type: "button",
        class: "segment",
        "aria-pressed": String(value === direction),
        data: { testid: `traffic-${value}` },
        on: {
          click: (event) => {
            direction = value;
            for (const one of event.currentTarget.parentNode.children)
              one.setAttribute("aria-pressed", String(one === event.currentTarget));
            draw();
          },
        },
      },
      words,
    ),
  );
  return h(
    "div",
    { class: "traffic-tools" },
    h("input", {
      type: "search",
      class: "field",
      placeholder: "Filter: a method, command or word",
      "aria-label": "Filter traffic",
      data: { testid: "traffic-filter" },
      on: {
        input: (event) => {
          filter = event.target.value.trim().toLowerCase();
          draw();
        },
      },
    }),
    h("div", { class: "segments", role: "group", "aria-label": "Direction" }, sides),
  );
}

async function load() {
  const last = Math.max(0, ...rows.keys());
  const answer = await api.traffic(last);
  if (failed(answer)) {
    list.replaceChildren(h("div", { class: "empty" }, answer.text));
    return;
  }
  for (const row of Array.isArray(answer) ? answer : (answer.rows ?? [])) take(row);
  draw();
}

function take(row) {
  const old = rows.get(row.n);
  if (!old || JSON.stringify(old.row) !== JSON.stringify(row))
    rows.set(row.n, { row, node: null, text: JSON.stringify(row).toLowerCase() });
  for (const n of [...rows.keys()].sort((a, b) => a - b).slice(0, Math.max(0, rows.size - KEPT))) rows.delete(n);
}

function draw() {
  const shown = [...rows.values()]
    .sort((a, b) => b.row.n - a.row.n)
    .filter(({ row, text }) => (direction === "all" || row.direction === direction) && text.includes(filter));
  for (const entry of shown) entry.node ??= drawRow(entry.row);
  count.textContent = `${shown.length}`;
  list.replaceChildren(
    ...(shown.length
      ? shown.map((entry) => entry.node)
      : [
          h(
            "div",
            { class: "empty" },
            rows.size ? "Nothing fits the filter." : "No request yet. Send a message or use a command.",
          ),
        ]),
  );
}

const content = (value) =>
  value === null || value === undefined || value === ""
    ? h("p", { class: "panel-hint" }, "Empty.")
    : jsonView(value);

// A status is a number, or a word where no HTTP answer came: "ok" over the socket, "http_timeout", …
const isBad = ({ status, response }) =>
  response?.ok === false || (typeof status === "number" ? status >= 400 : status !== "ok");

function drawRow(row) {
  const toBot = row.direction === "to_bot";
  const at = row.at ? new Date(row.at) : null;
  const clock = at && !Number.isNaN(at.getTime()) ? timeWithSeconds(at) : "";
  const body = h("div", { class: "traffic-body" });
  return h(
    "details",
    {
      class: "traffic-row",
      data: { testid: "traffic-row", what: row.what, direction: row.direction },
      on: {
        toggle: (event) => {
          if (!event.currentTarget.open || body.firstChild) return;
          body.append(h("h4", {}, "Request"), content(row.request), h("h4", {}, "Response"), content(row.response));
        },
      },
    },
    h(
      "summary",
      {},
      h(
        "span",
        { class: `way ${toBot ? "way-to" : "way-from"}`, title: toBot ? "To the bot" : "From the bot" },
        toBot ? "to bot" : "from bot",
      ),
      h("span", { class: "traffic-what" }, row.what),
      h(
        "span",
        { class: `status ${isBad(row) ? "status-bad" : "status-ok"}` },
        row.response?.ok === false ? (row.response.error ?? "error") : String(row.status ?? "…"),
      ),
      h("span", { class: "traffic-ms" }, row.ms === null || row.ms === undefined ? "" : `${Math.round(row.ms)} ms`),
      h("time", { class: "traffic-at", title: row.at }, clock),
    ),
    body,
  );
}
