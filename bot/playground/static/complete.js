// Suggests what may follow in a composer: slash commands with their usage, people after @, channels after #.

import { h } from "./dom.js";
import { avatar, localTime } from "./people.js";
import { displayName, store } from "./state.js";

const MOST = 8; // suggestions shown

/**
 * What fits the text before the caret: `{from, items: [{insert, label, description, hint, lead}]}`, or null.
 * `from` is where the typed beginning starts and is replaced from.
 */
export function suggestions(text, caret, { commandsToo }) {
  const before = text.slice(0, caret);
  const command = commandsToo && before.match(/^\/(\S*)$/);
  if (command) return found(0, commandItems(command[1].toLowerCase()));
  const mention = before.match(/(?:^|\s)([@#])([\p{L}\p{N}_.-]*)$/u);
  if (!mention) return null;
  const from = caret - mention[2].length - 1;
  const query = mention[2].toLowerCase();
  return found(from, mention[1] === "@" ? peopleItems(query) : channelItems(query));
}

const found = (from, items) => (items.length ? { from, items: items.slice(0, MOST) } : null);

/** Those that start with the query stand before those that merely hold it. */
function ranked(all, query, words) {
  const score = (one) => {
    const texts = words(one).map((word) => (word ?? "").toLowerCase());
    if (texts.some((word) => word.startsWith(query))) return 0;
    return texts.some((word) => word.includes(query)) ? 1 : 2;
  };
  return all
    .map((one) => [score(one), one])
    .filter(([rank]) => rank < 2)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}

const commandItems = (query) =>
  ranked(store.commands, query, (one) => [one.command.slice(1)]).map((one) => ({
    insert: `${one.command} `,
    label: one.command,
    hint: one.usage_hint,
    description: one.description,
    sort: "command",
  }));

const peopleItems = (query) =>
  ranked(store.people, query, (one) => [one.name, one.real_name]).map((one) => ({
    insert: `@${one.name} `,
    label: displayName(one),
    description: one.title,
    hint: one.is_bot ? "App" : localTime(one),
    lead: avatar(one, "small"),
    sort: "person",
  }));

const channelItems = (query) =>
  ranked(
    store.channels.filter((one) => one.kind !== "im"),
    query,
    (one) => [one.name],
  ).map((one) => ({
    insert: `#${one.name} `,
    label: `#${one.name}`,
    description: one.topic,
    sort: "channel",
  }));

/** The command a text uses, once its name is complete: its usage is worth showing. */
export const commandOf = (text) =>
  store.commands.find((one) => text === one.command || text.startsWith(`${one.command} `)) ?? null;

/** The list under the caret; keyboard handling stays with the composer, where the focus is. */
export class SuggestionList {
  constructor(id, onPick) {
    this.node = h("div", {
      class: "suggest",
      role: "listbox",
      id,
      "aria-label": "Suggestions",
      hidden: true,
      data: { testid: "suggestions" },
    });
    this.onPick = onPick;
    this.items = [];
    this.active = 0;
  }

  get isOpen() {
    return !this.node.hidden;
  }

  show(items) {
    this.items = items;
    this.node.replaceChildren(
      ...items.map((item, at) =>
        h(
          "div",
          {
            class: "option",
            role: "option",
            id: `${this.node.id}-${at}`,
            "aria-selected": "false",
            data: { testid: "suggestion", insert: item.insert.trim() },
            // mousedown, not click: the composer must not lose focus.
            on: {
              mousedown: (event) => {
                event.preventDefault();
                this.onPick(item);
              },
            },
          },
          item.lead,
          h(
            "span",
            { class: "menu-words" },
            h(
              "span",
              { class: "menu-label" },
              item.label,
              item.sort === "command" && item.hint ? h("span", { class: "usage" }, ` ${item.hint}`) : null,
            ),
            item.description && h("span", { class: "menu-description" }, item.description),
          ),
          item.sort === "person" && h("span", { class: "menu-hint" }, item.hint),
        ),
      ),
    );
    this.node.hidden = false;
    this.light(0);
  }

  hide() {
    this.node.hidden = true;
  }

  light(to) {
    const rows = [...this.node.children];
    this.active = (to + rows.length) % rows.length;
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === this.active)));
    rows[this.active].scrollIntoView({ block: "nearest" });
  }

  get activeId() {
    return this.isOpen ? `${this.node.id}-${this.active}` : null;
  }

  pick() {
    this.onPick(this.items[this.active]);
  }
}
