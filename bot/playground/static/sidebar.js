// The list of conversations with what is unread in each, and whether the bot is connected.

import { byId, h, icon, syncChildren } from "./dom.js";
import { avatar } from "./people.js";
import { channelTitle, displayName, go, here, isBotChannel, on, person, store } from "./state.js";

const MODES = {
  http: ["ok", "Connected over HTTP"],
  socket: ["ok", "Connected over Socket Mode"],
  waiting: ["wait", "Waiting for the bot"],
};

const rows = new Map();

export function startSidebar() {
  for (const topic of ["state", "place", "unread", "as"]) on(topic, draw);
  on("link", (link) => {
    byId("link-lost").hidden = link !== "lost";
  });
  on("place", closeDrawer);
  byId("open-drawer").addEventListener("click", () => setDrawer(!document.body.classList.contains("drawer-open")));
  byId("scrim").addEventListener("click", closeDrawer);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeDrawer());
}

function setDrawer(open) {
  document.body.classList.toggle("drawer-open", open);
  byId("open-drawer").setAttribute("aria-expanded", String(open));
  byId("scrim").hidden = !open;
}

const closeDrawer = () => setDrawer(false);

function draw() {
  const [sign, words] = MODES[store.mode] ?? MODES.waiting;
  byId("team-name").textContent = store.team?.name || "Workspace";
  byId("mode").replaceChildren(h("span", { class: `lamp lamp-${sign}` }), words);
  byId("mode").dataset.mode = store.mode;
  byId("problem").hidden = !store.problem;
  byId("problem").textContent = store.problem ?? "";
  const app = store.channels.filter(isBotChannel);
  const channels = store.channels.filter((one) => one.kind !== "im");
  const direct = store.channels.filter((one) => one.kind === "im" && !isBotChannel(one));
  syncChildren(byId("channels"), [
    ...section("Channels", channels),
    ...section("Direct messages", direct),
    ...section("App", app),
  ]);
  const total = store.channels.reduce((sum, one) => sum + (one.mentions ?? 0), 0);
  document.title = `${total ? `(${total}) ` : ""}${channelTitle(here()) || "…"} · Playground`;
  byId("open-drawer").classList.toggle(
    "has-news",
    store.channels.some((one) => one.id !== store.channel && one.unread),
  );
}

function section(title, channels) {
  if (!channels.length) return [];
  const key = `# ${title}`;
  if (!rows.has(key)) rows.set(key, { node: h("h3", { class: "side-heading" }, title) });
  return [rows.get(key).node, ...channels.map(row)];
}

function row(one) {
  if (!rows.has(one.id)) {
    const lead = h("span", { class: "side-lead" });
    const name = h("span", { class: "side-name" });
    const badge = h("span", { class: "badge", data: { testid: "badge" } });
    const node = h(
      "button",
      {
        type: "button",
        class: "side-row",
        data: { testid: "channel", channel: one.id },
        on: { click: () => go({ channel: one.id }) },
      },
      lead,
      name,
      badge,
    );
    rows.set(one.id, { node, lead, name, badge });
  }
  const { node, lead, name, badge } = rows.get(one.id);
  const isOpen = one.id === store.channel;
  const news = !isOpen && (one.unread > 0 || one.mentions > 0);
  const count = one.kind === "im" ? one.unread : one.mentions;
  lead.replaceChildren(leadOf(one));
  name.textContent = one.kind === "im" ? channelTitle(one) : one.name;
  node.classList.toggle("is-unread", news);
  node.classList.toggle("is-outside", one.kind !== "im" && one.member === false);
  node.dataset.unread = String(news ? one.unread : 0);
  if (isOpen) node.setAttribute("aria-current", "page");
  else node.removeAttribute("aria-current");
  badge.hidden = !(news && count > 0);
  badge.textContent = count > 99 ? "99+" : String(count ?? "");
  const state = news ? `, ${one.unread} unread${one.mentions ? `, ${one.mentions} mentions` : ""}` : "";
  node.setAttribute("aria-label", `${channelTitle(one)}${state}`);
  return node;
}

function leadOf(one) {
  if (one.kind !== "im") return h("span", { class: "hash", "aria-hidden": "true" }, "#");
  if (isBotChannel(one)) return avatar({ ...store.bot, is_bot: true, ...person(one.with) }, "tiny");
  const who = person(one.with);
  return who ? avatar(who, "tiny") : icon("reply");
}

/** The head of the open conversation: name, topic, and the app's two tabs. */
export function startPlaceHead() {
  const title = byId("place-title");
  const topic = byId("place-topic");
  const tabs = byId("place-tabs");
  const tab = (name, words) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        class: "tab",
        id: `tab-${name}`,
        "aria-controls": name === "home" ? "home" : "conversation",
        data: { testid: `tab-${name}` },
        on: { click: () => go({ tab: name }) },
      },
      words,
    );
  const [home, messages] = [tab("home", "Home"), tab("messages", "Messages")];
  tabs.append(home, messages);
  tabs.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight")
      (document.activeElement === home ? messages : home).click();
  });
  const drawHead = () => {
    const open = here();
    title.textContent = channelTitle(open);
    const with_ = open?.kind === "im" && person(open.with);
    topic.textContent = open?.topic || (with_ ? with_.title || (isBotChannel(open) ? "" : displayName(with_)) : "");
    tabs.hidden = !isBotChannel(open);
    for (const [node, name] of [
      [home, "home"],
      [messages, "messages"],
    ]) {
      node.setAttribute("aria-selected", String(store.tab === name));
      node.tabIndex = store.tab === name ? 0 : -1;
    }
    byId("home").hidden = store.tab !== "home";
    byId("conversation").hidden = store.tab === "home";
  };
  for (const topicName of ["state", "place"]) on(topicName, drawHead);
}
