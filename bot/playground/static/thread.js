// The panel on the right: one message and its replies, with its own composer.

import { api, failed } from "./api.js";
import { Composer } from "./composer.js";
import { byId, h, icon } from "./dom.js";
import { MessageList } from "./list.js";
import { toast } from "./menu.js";
import { channelTitle, go, here, on, store } from "./state.js";

let list = null;
let composer = null;
let shown = null; // {channel, ts}

export function startThread() {
  const panel = byId("thread");
  const scroller = h("div", { class: "scroller", data: { testid: "thread-list" } });
  const where = h("span", { class: "panel-where" });
  panel.append(
    h(
      "header",
      { class: "panel-head" },
      h("h2", { class: "panel-title" }, "Thread"),
      where,
      h(
        "button",
        {
          type: "button",
          class: "tool",
          "aria-label": "Close thread",
          data: { testid: "close-thread" },
          on: { click: () => go({ thread: null }) },
        },
        icon("close"),
      ),
    ),
    scroller,
  );
  list = new MessageList(scroller, { label: "Thread", inThread: true });
  composer = new Composer(panel, { inThread: true, testid: "thread-composer" });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) go({ thread: null });
  });
  on("place", ({ again }) => {
    panel.hidden = !store.thread;
    where.textContent = channelTitle(here());
    if (store.thread) show(again);
    else shown = null;
  });
  on("stream:thread", ({ channel, thread_ts: ts }) => isShown(channel, ts) && load(list.stuck));
  for (const type of ["message", "message_changed", "ephemeral"]) {
    on(`stream:${type}`, ({ channel, message }) => {
      const root = message.thread_ts ?? message.ts;
      if (!isShown(channel, root)) return;
      if (type === "message_changed" && !list.has(message.ts)) return;
      list.upsert(type === "ephemeral" ? { ...message, ephemeral: true } : message);
    });
  }
  on("stream:message_deleted", ({ channel, ts }) => channel === shown?.channel && list.remove(ts));
}

const isShown = (channel, ts) => shown !== null && shown.channel === channel && shown.ts === ts;

async function show(again) {
  if (isShown(store.channel, store.thread)) {
    if (again) await load(true);
    return;
  }
  shown = { channel: store.channel, ts: store.thread };
  list.clear();
  composer.open(store.channel, store.thread);
  await load(false);
  composer.focus();
}

async function load(keepPlace) {
  const { channel, ts } = shown;
  const answer = await api.thread(channel, ts, store.as);
  if (!isShown(channel, ts)) return;
  if (failed(answer)) toast(answer.text ?? `This thread cannot be shown: ${answer.error}.`, { bad: true });
  else if (keepPlace || list.channel === channel) list.merge(answer.messages);
  else list.open(channel, answer.messages);
}
