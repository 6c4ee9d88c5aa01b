// Draws one message with its blocks, reactions, thread summary and the menu that appears on hover or focus.

import { api, failed } from "./api.js";
import { drawAttachments, drawFiles } from "./attachments.js";
import { drawBlocks } from "./blocks.js";
import { ago, fullTime, time, tsDate } from "./dates.js";
import { h, icon } from "./dom.js";
import { canDrawEmoji, REACTIONS } from "./emoji.js";
import { float, arrowKeys, openMenu, toast } from "./menu.js";
import { avatar } from "./people.js";
import { emojiNode, mrkdwn } from "./render.js";
import { botName, displayName, go, person, store } from "./state.js";
import { surfaceContext } from "./surface.js";

const QUIET = /^(channel_|group_)(join|leave|topic|purpose|name|archive|unarchive)$|^(pinned_item|reminder_add)$/;

export function authorOf(message) {
  const known = message.author ?? person(message.user) ?? (message.bot_id ? { ...store.bot, is_bot: true } : {});
  const name = message.username || displayName(known) || message.user || "Somebody";
  return { ...known, real_name: name };
}

/** `inThread` leaves out the thread summary and the way into the thread. `form` keeps what was filled in. */
export function drawMessage(message, { channel, inThread, form }) {
  const who = authorOf(message);
  const sent = tsDate(message.ts);
  const ctx = surfaceContext(
    { type: "message", channel, ts: message.ts, ephemeral: Boolean(message.ephemeral) },
    form,
  );
  const quiet = QUIET.test(message.subtype ?? "");
  const node = h(
    "article",
    {
      class: `message${message.ephemeral ? " is-ephemeral" : ""}${quiet ? " is-quiet" : ""}`,
      "aria-label": `${who.real_name}, ${fullTime(sent)}`,
      data: {
        testid: "message",
        ts: message.ts,
        channel,
        author: who.id,
        ephemeral: message.ephemeral ? "true" : null,
      },
    },
    h(
      "div",
      { class: "message-side" },
      avatar(who),
      h("time", { class: "side-time", datetime: sent.toISOString() }, time(sent)),
    ),
    h(
      "div",
      { class: "message-main" },
      message.ephemeral &&
        h("div", { class: "only-you", data: { testid: "only-you" } }, icon("eye"), "Only visible to you"),
      h(
        "div",
        { class: "message-head" },
        h("span", { class: "author" }, who.real_name),
        (who.is_bot || message.bot_id) && h("span", { class: "tag" }, "App"),
        who.is_guest && h("span", { class: "tag" }, "Guest"),
        h("time", { class: "stamp", datetime: sent.toISOString(), title: fullTime(sent) }, time(sent)),
      ),
      message.thread_ts &&
        message.thread_ts !== message.ts &&
        !inThread &&
        h("div", { class: "broadcast" }, "replied to a thread"),
      h("div", { class: "message-body" }, body(message, ctx)),
      reactions(message, channel),
      !inThread && message.reply_count > 0 && threadSummary(message),
    ),
    quiet ? null : toolbar(message, channel, inThread),
  );
  return node;
}

function body(message, ctx) {
  const edited = message.edited && h("span", { class: "edited", data: { testid: "edited" } }, " (edited)");
  // What a person typed is mrkdwn; its rich_text twin is literal, since nothing here formats while one types.
  const typed = message.client_msg_id && !message.bot_id;
  const words = message.blocks?.length && !typed ? drawBlocks(message.blocks, ctx) : mrkdwn(message.text ?? "");
  return [words, edited, drawAttachments(message.attachments, ctx), drawFiles(message.files)];
}

function reactions(message, channel) {
  if (!message.reactions?.length) return null;
  return h(
    "div",
    { class: "reactions" },
    message.reactions.map(({ name, users = [], count }) => {
      const mine = users.includes(store.as);
      const names = users.map((id) => displayName(person(id)) || id).join(", ");
      return h(
        "button",
        {
          type: "button",
          class: mine ? "reaction is-mine" : "reaction",
          "aria-pressed": String(mine),
          title: `${names} reacted with :${name}:`,
          "aria-label": `${name}, ${count ?? users.length}`,
          data: { testid: "reaction", name },
          on: { click: () => react(message, channel, name) },
        },
        emojiNode(name),
        h("span", { class: "count" }, String(count ?? users.length)),
      );
    }),
  );
}

async function react(message, channel, name) {
  const answer = await api.react({ as: store.as, channel, ts: message.ts, name });
  if (failed(answer)) toast(answer.text ?? `Not possible: ${answer.error}.`, { bad: true });
}

function threadSummary(message) {
  const faces = (message.reply_users ?? [])
    .slice(0, 4)
    .map((id) => avatar(person(id) ?? (id === store.bot.id ? store.bot : { id }), "tiny"));
  const count = message.reply_count;
  return h(
    "button",
    {
      type: "button",
      class: "thread-summary",
      data: { testid: "open-thread" },
      on: { click: () => go({ thread: message.ts }) },
    },
    faces,
    h("span", { class: "thread-count" }, `${count} ${count === 1 ? "reply" : "replies"}`),
    message.latest_reply && h("span", { class: "thread-last" }, `Last reply ${ago(tsDate(message.latest_reply))}`),
  );
}

function toolbar(message, channel, inThread) {
  const smile = tool("smile", "React", "react", () =>
    openReactions(smile, (name) => react(message, channel, name)),
  );
  const reply = inThread
    ? null
    : tool("reply", "Reply in thread", "reply", () => go({ thread: message.thread_ts ?? message.ts }));
  const more = tool("more", "More", "message-more", () =>
    openMenu(more, menuItems(message, channel), { label: "What to do with this message" }),
  );
  more.setAttribute("aria-haspopup", "menu");
  const tools = message.ephemeral ? [more] : [smile, reply, more];
  return h("div", { class: "toolbar", role: "group", "aria-label": "Message actions" }, tools);
}

const tool = (sign, label, testid, onClick) =>
  h(
    "button",
    { type: "button", class: "tool", "aria-label": label, title: label, data: { testid }, on: { click: onClick } },
    icon(sign),
  );

function menuItems(message, channel) {
  const copy = { label: "Copy text", onSelect: () => navigator.clipboard?.writeText(message.text ?? "") };
  const shortcuts = message.ephemeral
    ? []
    : store.shortcuts
        .filter((one) => one.type === "message")
        .map((one) => ({
          label: one.name,
          description: one.description,
          testid: "message-shortcut",
          data: { callback: one.callback_id },
          onSelect: () => runShortcut(one, { channel, ts: message.ts }),
        }));
  return [...(shortcuts.length ? [{ heading: botName() }, ...shortcuts] : []), { heading: "Message" }, copy];
}

/** Run a global or message shortcut; the app answers with a modal or a message. */
export async function runShortcut(shortcut, where = {}) {
  const answer = await api.shortcut({ as: store.as, callback_id: shortcut.callback_id, ...where });
  if (failed(answer)) toast(answer.text ?? `${shortcut.name}: ${answer.error}.`, { bad: true });
}

function openReactions(anchor, onPick) {
  const panel = h("div", {
    class: canDrawEmoji ? "emoji-grid" : "emoji-grid emoji-names",
    role: "menu",
    "aria-label": "React with",
  });
  panel.append(
    ...REACTIONS.map((name) =>
      h(
        "button",
        {
          type: "button",
          class: "emoji-choice",
          role: "menuitem",
          "aria-label": name,
          title: `:${name}:`,
          data: { testid: "pick-reaction", name },
          on: {
            click: () => {
              panel.hidePopover();
              onPick(name);
            },
          },
        },
        emojiNode(name),
      ),
    ),
  );
  arrowKeys(panel, "[role=menuitem]");
  float(anchor, panel);
  panel.firstChild.focus();
}
