// Where people write: several lines, suggestions, drafts that stay per conversation, and what went wrong when sending.

import { api, failed } from "./api.js";
import { commandOf, SuggestionList, suggestions } from "./complete.js";
import { append, h, icon } from "./dom.js";
import { openMenu } from "./menu.js";
import { runShortcut } from "./message.js";
import { botName, channelTitle, displayName, here, me, on, store } from "./state.js";

let composers = 0;
const drafts = new Map();

export class Composer {
  /** `options`: `inThread`, `testid`. Appends itself to `parent`. */
  constructor(parent, { inThread = false, testid }) {
    composers += 1;
    this.inThread = inThread;
    this.place = null;
    this.list = new SuggestionList(`suggest-${composers}`, (item) => this.insert(item));
    this.field = h("textarea", {
      class: "composer-field",
      rows: "1",
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": `suggest-${composers}`,
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "true",
      data: { testid: `${testid}-field` },
    });
    this.problem = h("div", {
      class: "composer-problem",
      role: "alert",
      hidden: true,
      data: { testid: "composer-error" },
    });
    this.usage = h("div", { class: "composer-usage", hidden: true, data: { testid: "usage-hint" } });
    this.sendButton = h(
      "button",
      {
        type: "submit",
        class: "send",
        "aria-label": "Send",
        title: "Send (Enter)",
        disabled: true,
        data: { testid: `${testid}-send` },
      },
      icon("send"),
    );
    this.form = h(
      "form",
      {
        class: "composer",
        data: { testid },
        on: {
          submit: (event) => {
            event.preventDefault();
            this.send();
          },
        },
      },
      this.problem,
      this.list.node,
      this.usage,
      h("div", { class: "composer-box" }, inThread ? null : this.shortcutsButton(), this.field, this.sendButton),
    );
    parent.append(this.form);
    this.listen();
  }

  listen() {
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("click", () => this.suggest());
    this.field.addEventListener("blur", () => this.closeList());
    for (const topic of ["state", "as"]) on(topic, () => this.label());
  }

  shortcutsButton() {
    const button = h(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-label": "Shortcuts",
        title: "Shortcuts",
        "aria-haspopup": "menu",
        data: { testid: "shortcuts" },
      },
      icon("bolt"),
    );
    button.addEventListener("click", () =>
      openMenu(
        button,
        [
          { heading: `${botName()} shortcuts` },
          ...store.shortcuts
            .filter((one) => one.type === "global")
            .map((one) => ({
              label: one.name,
              description: one.description,
              testid: "global-shortcut",
              data: { callback: one.callback_id },
              onSelect: () => runShortcut(one),
            })),
        ],
        { label: "Shortcuts", above: true },
      ),
    );
    return button;
  }

  /** Write to this conversation, or this thread of it, from now on. */
  open(channel, thread = null) {
    if (this.place) drafts.set(this.placeKey(), this.field.value);
    this.place = { channel, thread };
    this.field.value = drafts.get(this.placeKey()) ?? "";
    this.hideProblem();
    this.closeList();
    this.label();
    this.grow();
  }

  placeKey() {
    return `${this.place.channel}/${this.place.thread ?? ""}`;
  }

  label() {
    const who = displayName(me());
    const words = this.inThread ? `Reply as ${who}` : `Message ${channelTitle(here())} as ${who}`;
    this.field.placeholder = words;
    this.field.setAttribute("aria-label", words);
  }

  focus() {
    this.field.focus();
  }

  changed() {
    this.hideProblem();
    this.grow();
    this.suggest();
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 200)}px`;
    this.sendButton.disabled = this.field.value.trim() === "";
    const command = this.inThread ? null : commandOf(this.field.value);
    this.usage.hidden = !command;
    this.usage.replaceChildren();
    if (command)
      append(this.usage, [
        h("code", {}, command.command),
        command.usage_hint && h("code", { class: "usage" }, ` ${command.usage_hint}`),
        h("span", { class: "usage-words" }, command.description),
      ]);
  }

  suggest() {
    const found = suggestions(this.field.value, this.field.selectionStart, { commandsToo: !this.inThread });
    if (!found) return this.closeList();
    this.from = found.from;
    this.list.show(found.items);
    return this.mark();
  }

  mark() {
    this.field.setAttribute("aria-expanded", String(this.list.isOpen));
    if (this.list.activeId) this.field.setAttribute("aria-activedescendant", this.list.activeId);
    else this.field.removeAttribute("aria-activedescendant");
  }

  closeList() {
    this.list.hide();
    this.mark();
  }

  insert(item) {
    const caret = this.field.selectionStart;
    const after = this.field.value.slice(caret).replace(/^ /, "");
    this.field.value = this.field.value.slice(0, this.from) + item.insert + after;
    const to = this.from + item.insert.length;
    this.field.setSelectionRange(to, to);
    this.closeList();
    this.grow();
  }

  key(event) {
    if (event.isComposing) return;
    if (this.list.isOpen && this.listKey(event)) {
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    }
  }

  /** Whether the open list took the key. Enter on a command typed in full sends it instead. */
  listKey(event) {
    const typed = this.field.value.trim();
    if (event.key === "ArrowDown") this.list.light(this.list.active + 1);
    else if (event.key === "ArrowUp") this.list.light(this.list.active - 1);
    else if (event.key === "Escape") this.closeList();
    else if (event.key === "Tab") this.list.pick();
    else if (event.key === "Enter" && !event.shiftKey && this.list.items[this.list.active].insert.trim() !== typed)
      this.list.pick();
    else return false;
    this.mark();
    return true;
  }

  /** Sent in the order in which Enter was pressed: whoever types on while the last one is under way loses nothing. */
  send() {
    const text = this.field.value.trim();
    if (!text) return;
    const { channel, thread } = this.place;
    const as = store.as;
    const sent = this.field.value;
    this.closeList();
    this.field.value = "";
    this.grow();
    this.form.setAttribute("aria-busy", "true");
    const last = (this.sending ?? Promise.resolve()).then(async () => {
      const answer = await api.send({ as, channel, text, ...(thread ? { thread_ts: thread } : {}) });
      if (this.sending === last) this.form.removeAttribute("aria-busy");
      if (failed(answer)) this.giveBack(answer, { channel, thread, sent });
    });
    this.sending = last;
  }

  /** What was not sent stands in the field again, unless something new has been typed or another place opened. */
  giveBack(answer, { channel, thread, sent }) {
    if (this.field.value === "" && this.place.channel === channel && this.place.thread === thread)
      this.field.value = sent;
    this.grow();
    this.showProblem(answer, sent.trim());
  }

  showProblem(answer, text) {
    const word = text.split(/\s/)[0];
    const otherwise = text.startsWith("/")
      ? `${word} failed with the error “${answer.error}”.`
      : `Not sent: ${answer.error}.`;
    this.problem.replaceChildren(
      h("span", {}, answer.text || otherwise),
      h(
        "button",
        { type: "button", class: "tool", "aria-label": "Dismiss", on: { click: () => this.hideProblem() } },
        icon("close"),
      ),
    );
    this.problem.hidden = false;
  }

  hideProblem() {
    this.problem.hidden = true;
  }
}
