// Keeps a list of messages on screen true: changes only what changed and leaves the reader where they were.

import { dayKey, dayName, tsDate } from "./dates.js";
import { h, icon, syncChildren } from "./dom.js";
import { Form } from "./form.js";
import { authorOf, drawMessage } from "./message.js";
import { on } from "./state.js";

const NEAR_BOTTOM_PX = 80;
const TOGETHER_SECONDS = 300; // a writer's next message within this stands without their name

/** `scroller` scrolls, `options`: `inThread`, `label`, `onTop` (load older), `onBottom` (has read to the end). */
export class MessageList {
  constructor(scroller, options) {
    this.scroller = scroller;
    this.options = options;
    this.channel = null;
    this.kept = new Map(); // ts → {message, node, form, json}
    this.newFrom = null; // ts of the first unread message when the conversation was opened
    this.hasMore = false;
    this.body = h("div", { class: "messages", role: "feed", "aria-label": options.label });
    this.jump = h(
      "button",
      {
        type: "button",
        class: "jump",
        hidden: true,
        data: { testid: "jump" },
        on: { click: () => this.toBottom() },
      },
      icon("down"),
      h("span", {}, "Latest"),
    );
    scroller.replaceChildren(this.body, this.jump);
    this.stuck = true;
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.stuck && this.pin()).observe(this.body);
    new ResizeObserver(() => this.stuck && this.pin()).observe(scroller);
    on("state", () => this.redraw());
    on("clock", () => this.refresh());
  }

  /** Show another conversation from its end. */
  open(channel, messages, { hasMore = false, unread = 0 } = {}) {
    this.channel = channel;
    this.kept.clear();
    this.hasMore = hasMore;
    for (const message of messages) this.keep(message);
    const theirs = messages.filter((message) => !message.ephemeral);
    this.newFrom = unread > 0 ? (theirs[Math.max(0, theirs.length - unread)]?.ts ?? null) : null;
    this.stuck = true;
    this.refresh();
    this.pin();
  }

  clear() {
    this.open(null, []);
  }

  /** After a broken connection: everything the server has now, keeping the reader's place. */
  merge(messages) {
    for (const message of messages) this.keep(message);
    this.refresh();
  }

  prepend(messages, hasMore) {
    this.hasMore = hasMore;
    const anchor = this.body.querySelector("[data-testid=message]");
    const before = anchor?.getBoundingClientRect().top ?? 0;
    for (const message of messages) this.keep(message);
    this.refresh();
    if (anchor) this.scroller.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  upsert(message) {
    const isNew = !this.kept.has(message.ts);
    this.keep(message);
    this.refresh();
    if (isNew && !this.stuck) this.jump.hidden = false;
  }

  has(ts) {
    return this.kept.has(ts);
  }

  get(ts) {
    return this.kept.get(ts)?.message;
  }

  remove(ts) {
    this.kept.delete(ts);
    this.refresh();
  }

  keep(message) {
    const old = this.kept.get(message.ts);
    const json = JSON.stringify(message);
    if (old?.json === json) return;
    this.kept.set(message.ts, { message, json, node: null, form: old?.form ?? new Form() });
  }

  /** Draw all anew: names, people or the acting person changed. */
  redraw() {
    for (const entry of this.kept.values()) entry.node = null;
    this.refresh();
  }

  refresh() {
    const wanted = [];
    let previous = null;
    for (const [ts, entry] of [...this.kept].sort(([a], [b]) => Number(a) - Number(b))) {
      const day = dayKey(tsDate(ts));
      if (!previous || previous.day !== day) wanted.push(separator(dayName(tsDate(ts)), "day"));
      if (ts === this.newFrom) wanted.push(separator("New", "new"));
      entry.node ??= drawMessage(entry.message, {
        channel: this.channel,
        inThread: this.options.inThread,
        form: entry.form,
      });
      entry.node.classList.toggle("is-compact", this.continues(previous, entry.message, day, ts));
      wanted.push(entry.node);
      previous = { message: entry.message, day };
      if (this.options.inThread && wanted.length === 2 && this.kept.size > 1)
        wanted.push(separator(replyCount(this.kept.size - 1), "replies"));
    }
    if (!wanted.length && this.channel)
      wanted.push(h("div", { class: "empty" }, this.options.emptyText ?? "Nothing here yet."));
    syncChildren(this.body, wanted);
    if (this.stuck) this.pin();
  }

  continues(previous, message, day, ts) {
    if (!previous || previous.day !== day || ts === this.newFrom || message.ephemeral || previous.message.ephemeral)
      return false;
    if (
      previous.message.subtype !== message.subtype ||
      (this.options.inThread && previous.message.ts === message.thread_ts)
    )
      return false;
    const [before, after] = [authorOf(previous.message), authorOf(message)];
    return (
      before.id === after.id &&
      before.real_name === after.real_name &&
      !message.blocks?.some((block) => block.type === "actions") &&
      Number(ts) - Number(previous.message.ts) < TOGETHER_SECONDS
    );
  }

  atBottom() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_BOTTOM_PX;
  }

  scrolled() {
    this.stuck = this.atBottom();
    if (this.stuck) {
      this.jump.hidden = true;
      this.options.onBottom?.();
    }
    if (this.scroller.scrollTop < 120 && this.hasMore) this.options.onTop?.();
  }

  pin() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  toBottom() {
    this.stuck = true;
    this.jump.hidden = true;
    this.pin();
    this.options.onBottom?.();
  }
}

const replyCount = (count) => `${count} ${count === 1 ? "reply" : "replies"}`;

const separator = (words, kind) =>
  h(
    "div",
    {
      class: `separator separator-${kind}`,
      role: "separator",
      "aria-label": words,
      data: { testid: `separator-${kind}` },
    },
    h("span", {}, words),
  );
