// One select control for all of Block Kit's: static, external, people, channels, single and multi.

import { h, icon } from "./dom.js";
import { float } from "./menu.js";

const SEARCH_FROM = 8; // options; fewer need no search field
const TYPING_PAUSE_MS = 200;

/**
 * A button that opens a list box.
 *
 * `load(query)` answers groups `[{label?, options: [{key, label, description?, lead?, raw}]}]`, maybe later.
 * `chosen` is a list of such options; `onChange(chosen)` tells every change (multi: when the list closes).
 * `minQuery` characters must be typed before `load` is asked (external selects); null searches locally.
 */
export function select({
  load,
  chosen = [],
  multi = false,
  max = 0,
  minQuery = null,
  placeholder,
  label,
  invalid,
  describedBy,
  data,
  onChange,
}) {
  let picked = chosen;
  const face = h("span", { class: "select-face" });
  const button = h(
    "button",
    {
      type: "button",
      class: multi ? "select select-multi" : "select",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": label,
      "aria-invalid": invalid ? "true" : null,
      "aria-describedby": describedBy,
      data: { testid: "select", ...data },
      on: { click: () => openList() },
    },
    face,
    icon("down"),
  );
  button.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      openList();
    }
  });
  draw();

  function draw() {
    face.classList.toggle("select-placeholder", !picked.length);
    if (!picked.length) face.replaceChildren(placeholder || "Choose…");
    else if (multi) face.replaceChildren(...picked.map((one) => h("span", { class: "select-chip" }, one.label)));
    else face.replaceChildren(picked[0].label);
  }

  /** A choice that its confirmation stopped is taken back. */
  async function report(before) {
    if ((await onChange(picked, button)) !== false) return;
    picked = before;
    draw();
  }

  function openList() {
    const before = picked;
    const list = listBox({
      load,
      multi,
      minQuery,
      isPicked: (one) => picked.some((other) => other.key === one.key),
      onPick: (one) => {
        if (multi) {
          const has = picked.some((other) => other.key === one.key);
          if (!has && max && picked.length >= max) return false;
          picked = has ? picked.filter((other) => other.key !== one.key) : [...picked, one];
          draw();
          return true;
        }
        picked = [one];
        draw();
        close();
        report(before);
        return true;
      },
    });
    const close = float(button, list.panel, {
      width: "anchor",
      onClose: () => multi && picked !== before && report(before),
    });
    list.start();
  }
  return button;
}

function listBox({ load, multi, minQuery, isPicked, onPick }) {
  const rows = h("div", { class: "listbox", role: "listbox", "aria-multiselectable": multi ? "true" : null });
  const search = h("input", {
    class: "listbox-search",
    type: "text",
    placeholder: "Search",
    "aria-label": "Search options",
    autocomplete: "off",
    data: { testid: "select-search" },
  });
  const panel = h("div", { class: "select-panel" }, search, rows);
  let active = -1;
  let turn = 0;
  let timer = 0;
  const options = () => [...rows.querySelectorAll("[role=option]")];

  const light = (to) => {
    const all = options();
    all[active]?.classList.remove("is-active");
    active = all.length ? (to + all.length) % all.length : -1;
    all[active]?.classList.add("is-active");
    all[active]?.scrollIntoView({ block: "nearest" });
  };

  async function fill() {
    const query = search.value.trim();
    if (minQuery && query.length < minQuery) {
      rows.replaceChildren(note(`Type ${minQuery === 1 ? "a letter" : `${minQuery} letters`} to search.`));
      return;
    }
    turn += 1;
    const mine = turn;
    if (minQuery !== null) rows.replaceChildren(note("Searching…"));
    const answer = await load(query);
    if (mine !== turn) return;
    const groups = minQuery === null ? narrow(answer, query) : answer;
    rows.replaceChildren(
      ...groups
        .flatMap((group) => [
          group.label && h("div", { class: "menu-heading" }, group.label),
          ...group.options.map(row),
        ])
        .filter(Boolean),
    );
    if (!options().length)
      rows.replaceChildren(note(query ? `Nothing matches “${query}”.` : "Nothing to choose from."));
    light(
      Math.max(
        0,
        options().findIndex((one) => one.getAttribute("aria-selected") === "true"),
      ),
    );
  }

  function row(one) {
    const node = h(
      "div",
      {
        class: "option",
        role: "option",
        "aria-selected": String(isPicked(one)),
        data: { value: one.key },
        on: {
          click: () => {
            if (onPick(one) && multi) node.setAttribute("aria-selected", String(isPicked(one)));
          },
        },
      },
      one.lead,
      h(
        "span",
        { class: "menu-words" },
        h("span", { class: "menu-label" }, one.label),
        one.description && h("span", { class: "menu-description" }, one.description),
      ),
      icon("check"),
    );
    return node;
  }

  panel.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: active + 1, ArrowUp: active - 1 };
    if (event.key in moves) light(moves[event.key]);
    else if (event.key === "Enter") options()[active]?.click();
    else if (event.key === "Tab") panel.hidePopover();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(fill, minQuery === null ? 0 : TYPING_PAUSE_MS);
  });
  return {
    panel,
    start: async () => {
      await fill();
      // A short list is chosen from with the arrows; the field stays for the keyboard but out of sight.
      search.classList.toggle("is-quiet", minQuery === null && options().length < SEARCH_FROM);
      search.focus();
    },
  };
}

const note = (words) => h("div", { class: "menu-empty" }, words);

function narrow(groups, query) {
  if (!query) return groups;
  const wanted = query.toLowerCase();
  const fits = (one) => `${one.label} ${one.description ?? ""}`.toLowerCase().includes(wanted);
  return groups
    .map((group) => ({ ...group, options: group.options.filter(fits) }))
    .filter((group) => group.options.length);
}
