// Draws rich_text blocks: sections, lists, quotes and preformatted text, all of it literal.

import { h } from "./dom.js";
import { broadcastNode, channelNode, dateNode, emojiNode, groupNode, linkNode, signs, userNode } from "./render.js";
import { safeUrl } from "./mrkdwn.js";

export const richText = (block) => h("div", { class: "rich" }, (block.elements ?? []).map(container));

function container(element) {
  const inside = (element.elements ?? []).map(part);
  switch (element.type) {
    case "rich_text_section":
      return h("div", { class: "text rich-section" }, inside);
    case "rich_text_quote":
      return h("blockquote", { class: "quote" }, inside);
    case "rich_text_preformatted":
      return h("pre", { class: "pre" }, inside);
    case "rich_text_list":
      return list(element);
    default:
      return h("div", { class: "unknown-token" }, `${element.type} is not drawn here`);
  }
}

function list(element) {
  const tag = element.style === "ordered" ? "ol" : "ul";
  const indent = Math.min(Math.max(Number(element.indent) || 0, 0), 8);
  const items = (element.elements ?? []).map((item) => h("li", {}, (item.elements ?? []).map(part)));
  const start = tag === "ol" && element.offset ? element.offset + 1 : null;
  return h(tag, { class: `rich-list rich-level-${indent % 3}`, start, style: { "--indent": indent } }, items);
}

function part(item) {
  return styled(base(item), item.style ?? {});
}

function base(item) {
  switch (item.type) {
    case "text":
      return signs(item.text ?? "");
    case "link": {
      const url = safeUrl(item.url);
      return url ? linkNode(url, item.text || item.url) : signs(item.text || item.url || "");
    }
    case "user":
      return userNode(item.user_id);
    case "channel":
      return channelNode(item.channel_id, null);
    case "usergroup":
      return groupNode(item.usergroup_id, null);
    case "broadcast":
      return broadcastNode(item.range);
    case "emoji":
      return emojiNode(item.name ?? "");
    case "date":
      return dateNode({
        at: item.timestamp,
        format: item.format ?? "",
        url: safeUrl(item.url),
        fallback: item.fallback,
      });
    case "color":
      return [h("span", { class: "swatch", style: { "--swatch": item.value } }), item.value];
    default:
      return h("span", { class: "unknown-token" }, item.text ?? `[${item.type}]`);
  }
}

function styled(content, style) {
  let node = content;
  if (style.code) node = h("code", { class: "code" }, node);
  if (style.bold) node = h("strong", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.strike) node = h("s", {}, node);
  if (style.underline) node = h("u", {}, node);
  if (style.highlight) node = h("mark", {}, node);
  return node;
}
