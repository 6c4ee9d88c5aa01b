// The open conversation: loads it, keeps it live, marks it read, and says new messages aloud.

import { api, failed } from "./api.js";
import { byId } from "./dom.js";
import { MessageList } from "./list.js";
import { authorOf } from "./message.js";
import { toast } from "./menu.js";
import { channel, emit, here, on, store } from "./state.js";

let list = null;
let turn = 0;
let loadingOlder = false;

export function startTimeline() {
  list = new MessageList(byId("timeline"), {
    label: "Messages",
    onTop: loadOlder,
    onBottom: markRead,
    emptyText: "Nothing said here yet.",
  });
  on("place", ({ moved, again }) => {
    if (again) catchUp();
    else if (moved || list.channel !== store.channel) open();
  });
  on("stream:message", ({ channel: id, message }) => take(id, message, true));
  on("stream:message_changed", ({ channel: id, message }) => take(id, message, false));
  on("stream:ephemeral", ({ channel: id, message }) => take(id, { ...message, ephemeral: true }, true));
  on("stream:message_deleted", ({ channel: id, ts }) => id === store.channel && list.remove(ts));
  on("stream:thread", ({ channel: id, thread_ts: ts }) => id === store.channel && refreshParent(ts));
  on("stream:unread", takeUnread);
  document.addEventListener("visibilitychange", markRead);
}

async function open() {
  turn += 1;
  const mine = turn;
  const id = store.channel;
  if (!id) return;
  const unread = here()?.unread ?? 0;
  byId("timeline").setAttribute("aria-busy", "true");
  const answer = await api.messages(id, store.as);
  if (mine !== turn) return;
  byId("timeline").removeAttribute("aria-busy");
  if (failed(answer)) {
    list.clear();
    toast(answer.text ?? `This conversation cannot be shown: ${answer.error}.`, { bad: true });
    return;
  }
  list.open(id, answer.messages, { hasMore: answer.has_more, unread });
  markRead();
}

async function catchUp() {
  const id = store.channel;
  const answer = await api.messages(id, store.as);
  if (failed(answer) || id !== store.channel) return;
  list.merge(answer.messages);
  markRead();
}

async function loadOlder() {
  if (loadingOlder || !list.kept.size) return;
  loadingOlder = true;
  const id = store.channel;
  const first = [...list.kept.keys()].sort((a, b) => Number(a) - Number(b))[0];
  const answer = await api.messages(id, store.as, first);
  if (!failed(answer) && id === store.channel) list.prepend(answer.messages, answer.has_more);
  loadingOlder = false;
}

const isReply = (message) =>
  message.thread_ts && message.thread_ts !== message.ts && message.subtype !== "thread_broadcast";

function take(id, message, isNew) {
  if (id !== store.channel) return;
  if (isReply(message)) {
    if (isNew && !message.ephemeral) refreshParent(message.thread_ts);
    return;
  }
  // A change to a message further up than what is loaded must not appear below the gap.
  if (!isNew && !list.has(message.ts)) return;
  const known = list.get(message.ts);
  list.upsert({ ...pickSummary(known), ...message });
  if (isNew && message.user !== store.as) announce(message);
  if (isNew) markRead();
}

/** What the server adds to a parent may be missing from a bare change. */
const pickSummary = (message) =>
  message
    ? { reply_count: message.reply_count, reply_users: message.reply_users, latest_reply: message.latest_reply }
    : {};

async function refreshParent(ts) {
  const id = store.channel;
  if (!list.has(ts)) return;
  const answer = await api.thread(id, ts, store.as);
  if (failed(answer) || id !== store.channel || !answer.messages?.length) return;
  const [parent, ...replies] = answer.messages;
  const real = replies.filter((one) => !one.ephemeral);
  list.upsert({
    ...list.get(ts),
    ...parent,
    reply_count: real.length,
    latest_reply: real.at(-1)?.ts,
    reply_users: parent.reply_users ?? [...new Set(real.map((one) => one.user))],
  });
}

function takeUnread({ channel: id, unread, mentions }) {
  const known = channel(id);
  if (!known) return;
  Object.assign(known, { unread, mentions: mentions ?? 0 });
  emit("unread");
  if (id === store.channel) markRead();
}

let reading = false;

/** Tell the server once what is on screen has been read: the page is visible and the end is in view. */
async function markRead() {
  const open_ = here();
  if (reading || !open_ || !(open_.unread || open_.mentions) || store.tab !== "messages") return;
  if (document.visibilityState !== "visible" || list.channel !== store.channel || !list.atBottom()) return;
  reading = true;
  Object.assign(open_, { unread: 0, mentions: 0 });
  emit("unread");
  await api.read(store.as, open_.id);
  reading = false;
}

function announce(message) {
  byId("announcer").textContent = `${authorOf(message).real_name}: ${message.text ?? "a message"}`;
}
