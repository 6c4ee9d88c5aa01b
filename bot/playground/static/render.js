// Draws parsed text (mrkdwn trees and rich_text's inline parts) as DOM nodes; all words go in as text nodes.

import { dateTokens, fullTime } from "./dates.js";
import { h } from "./dom.js";
import { canDrawEmoji, emoji, emojiName } from "./emoji.js";
import { parse } from "./mrkdwn.js";
import { channel, displayName, go, groupName, on, person, store } from "./state.js";

// State signs are drawn as dots: the same everywhere, and there where no emoji font is installed.
const DOTS = new Map([
  ["🔴", "red"],
  ["🟠", "orange"],
  ["🟡", "yellow"],
  ["🟢", "green"],
  ["🔵", "blue"],
  ["🟣", "purple"],
  ["⚪", "white"],
  ["⚫", "black"],
]);
const DOT = /(🔴|🟠|🟡|🟢|🔵|🟣|⚪|⚫)\uFE0F?/u;

/** mrkdwn as nodes. */
export function mrkdwn(text, options) {
  return parse(text ?? "", options).map((block) => {
    if (block.type === "pre") return h("pre", { class: "pre" }, block.children.map(inlineNode));
    if (block.type === "quote") return h("blockquote", { class: "quote" }, block.children.map(inlineNode));
    return h("span", { class: "text" }, block.children.map(inlineNode));
  });
}

/** A Block Kit text object as nodes; `plain_text` knows only emoji, and those only if it says so. */
export function textObject(object) {
  if (!object) return [];
  if (typeof object === "string") return plain(object);
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim === true });
  return object.emoji === false ? signs(object.text ?? "") : plain(object.text ?? "");
}

/** Text in which only :shortcodes: mean something. */
export function plain(text) {
  return text.split(/(:[a-z0-9_+-]+:)/i).map((part) => {
    const found = part.match(/^:([a-z0-9_+-]+):$/i);
    return found && emoji(found[1].toLowerCase()) ? emojiNode(found[1].toLowerCase()) : signs(part);
  });
}

/** Literal text; coloured circles become drawn dots, and emoji that cannot be drawn become their names. */
export function signs(text) {
  const parts = DOT.test(text) ? text.split(new RegExp(DOT, "gu")) : [text];
  return parts.map((part) => {
    if (DOTS.has(part)) return h("span", { class: `dot dot-${DOTS.get(part)}` }, part);
    return canDrawEmoji || !PICTURE.test(part) ? part : part.split(new RegExp(PICTURE, "gu")).map(named);
  });
}

const PICTURE = /(\p{Emoji_Presentation}\uFE0F?)/u;
const named = (part) =>
  PICTURE.test(part) && emojiName(part) ? h("span", { class: "emoji emoji-name" }, `:${emojiName(part)}:`) : part;

export function emojiNode(name) {
  const character = emoji(name);
  if (!character) return `:${name}:`;
  if (DOTS.has(character)) return signs(character);
  if (!canDrawEmoji) return h("span", { class: "emoji emoji-name" }, `:${name}:`);
  return h("span", { class: "emoji", title: `:${name}:` }, character);
}

export function inlineNode(node) {
  const inside = () => node.children.map(inlineNode);
  switch (node.type) {
    case "text":
      return signs(node.text);
    case "bold":
      return h("strong", {}, inside());
    case "italic":
      return h("em", {}, inside());
    case "strike":
      return h("s", {}, inside());
    case "code":
      return h("code", { class: "code" }, inside());
    case "emoji":
      return emojiNode(node.name);
    case "link":
      return linkNode(node.url, node.text);
    case "user":
      return userNode(node.id);
    case "channel":
      return channelNode(node.id, node.label);
    case "usergroup":
      return groupNode(node.id, node.label);
    case "broadcast":
      return broadcastNode(node.range);
    case "date":
      return dateNode(node);
    default:
      return h("span", { class: "unknown-token", title: "Not a token this page knows" }, node.text);
  }
}

export const linkNode = (url, text) =>
  h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "link" }, signs(text ?? url));

export function userNode(id) {
  const who = person(id);
  const name = displayName(who) || id;
  return h("span", { class: id === store.as ? "mention mention-me" : "mention", data: { user: id } }, `@${name}`);
}

export const groupNode = (id, label) =>
  h("span", { class: "mention", data: { group: id } }, `@${groupName(id) ?? (label || id).replace(/^@/, "")}`);

export function channelNode(id, label) {
  const known = channel(id);
  if (!known) return h("span", { class: "mention" }, `#${label || id}`);
  return h(
    "button",
    { type: "button", class: "mention mention-channel", on: { click: () => go({ channel: id }) } },
    `#${known.name}`,
  );
}

/** Loud on purpose: a mass mention from a bot is usually a mistake, and tests look for it. */
export const broadcastNode = (range) =>
  h(
    "span",
    { class: "mention mention-mass", data: { testid: "mass-mention" }, title: "Notifies everybody" },
    `@${range}`,
  );

const datesShown = new Set();

export function dateNode({ at, format, url, fallback }) {
  const date = new Date(at * 1000);
  const node = h("time", { class: "date", datetime: Number.isNaN(date.getTime()) ? null : date.toISOString() });
  const fill = () => {
    node.textContent = dateTokens(format, date) ?? fallback ?? "";
    node.title = Number.isNaN(date.getTime()) ? "" : fullTime(date);
  };
  fill();
  datesShown.add({ ref: new WeakRef(node), fill });
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "link" }, node) : node;
}

/** "5 minutes ago" and "today" change with the clock; a zone changes with the acting person. */
function refreshDates() {
  for (const shown of datesShown) {
    if (shown.ref.deref()?.isConnected) shown.fill();
    else datesShown.delete(shown);
  }
}

on("clock", refreshDates);
setInterval(refreshDates, 30_000);
