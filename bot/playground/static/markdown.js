// Draws `markdown` blocks: a small, safe reading of standard Markdown (headings, lists, tables, code, quotes).

import { h } from "./dom.js";
import { inlineNode, linkNode, plain } from "./render.js";
import { safeUrl, token } from "./mrkdwn.js";

export function markdown(text) {
  const lines = (text ?? "").split("\n");
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const [node, used] = blockAt(lines, at);
    if (node) out.push(node);
    at += used;
  }
  return h("div", { class: "markdown" }, out);
}

function blockAt(lines, at) {
  const line = lines[at];
  if (line.trim() === "") return [null, 1];
  if (/^\s*(```|~~~)/.test(line)) return fenced(lines, at);
  const heading = line.match(/^#{1,6}\s+(.*?)\s*#*$/);
  if (heading) return [h("div", { class: "md-heading", role: "heading", "aria-level": "4" }, spans(heading[1])), 1];
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return [h("hr", { class: "divider" }), 1];
  if (isTable(lines, at)) return table(lines, at);
  if (/^>/.test(line))
    return gather(lines, at, /^> ?(.*)$/, (inside) =>
      h("blockquote", { class: "quote" }, spans(inside.join("\n"))),
    );
  if (LIST.test(line)) return list(lines, at);
  return paragraph(lines, at);
}

const LIST = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

function fenced(lines, at) {
  const end = lines.findIndex((line, index) => index > at && /^\s*(```|~~~)\s*$/.test(line));
  const last = end < 0 ? lines.length : end;
  return [h("pre", { class: "pre" }, lines.slice(at + 1, last).join("\n")), last - at + 1];
}

function gather(lines, at, pattern, make) {
  let end = at;
  while (end < lines.length && pattern.test(lines[end])) end += 1;
  return [make(lines.slice(at, end).map((line) => line.match(pattern)[1])), end - at];
}

function list(lines, at) {
  let end = at;
  const items = [];
  while (end < lines.length && LIST.test(lines[end])) {
    const [, space, , words] = lines[end].match(LIST);
    const task = words.match(/^\[([ xX])\]\s+(.*)$/);
    const box =
      task && h("input", { type: "checkbox", checked: task[1] !== " ", disabled: true, "aria-label": "done" });
    items.push(
      h(
        "li",
        { style: { "--indent": Math.floor(space.length / 2) }, class: task ? "md-task" : null },
        box,
        spans(task ? task[2] : words),
      ),
    );
    end += 1;
  }
  const ordered = /^\s*\d/.test(lines[at]);
  return [h(ordered ? "ol" : "ul", { class: "rich-list" }, items), end - at];
}

function paragraph(lines, at) {
  let end = at + 1;
  const stops = /^(\s*(```|~~~)|#{1,6}\s|>)/;
  while (
    end < lines.length &&
    lines[end].trim() !== "" &&
    !stops.test(lines[end]) &&
    !LIST.test(lines[end]) &&
    !isTable(lines, end)
  )
    end += 1;
  return [h("p", { class: "text" }, spans(lines.slice(at, end).join("\n"))), end - at];
}

const isTable = (lines, at) =>
  lines[at].includes("|") &&
  /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at + 1] ?? "") &&
  lines[at + 1].includes("-");

function table(lines, at) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim());
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  const row = (line, tag) =>
    h(
      "tr",
      {},
      cells(line).map((cell) => h(tag, {}, spans(cell))),
    );
  const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
  return [
    h(
      "div",
      { class: "table-wrap" },
      h("table", { class: "table" }, h("thead", {}, row(lines[at], "th")), h("tbody", {}, body)),
    ),
    end - at,
  ];
}

const INLINE = [
  [/^\\([\\`*_{}[\]()#+.!>~|-])/, (m) => m[1]],
  [/^`([^`\n]+)`/, (m) => h("code", { class: "code" }, m[1])],
  [/^\*\*(?=\S)([^\n]+?)\*\*/, (m) => h("strong", {}, spans(m[1]))],
  [/^__(?=\S)([^\n]+?)__/, (m) => h("strong", {}, spans(m[1]))],
  [/^~~(?=\S)([^\n]+?)~~/, (m) => h("s", {}, spans(m[1]))],
  [/^\*(?=\S)([^*\n]+?)\*/, (m) => h("em", {}, spans(m[1]))],
  [/^_(?=\S)([^_\n]+?)_(?![\p{L}\p{N}])/u, (m) => h("em", {}, spans(m[1]))],
  [/^!?\[([^\]\n]*)\]\(([^)\s]+)(?:\s+"[^"]*")?\)/, (m) => (safeUrl(m[2]) ? linkNode(m[2], m[1] || m[2]) : m[0])],
  [/^<([^<>\n]+)>/, (m) => inlineNode(token(m[1]))],
  [/^https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]}'"*_~`]/i, (m) => linkNode(m[0], m[0])],
];

function spans(text) {
  const out = [];
  let words = "";
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const mayOpen = !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "") || !"_h".includes(text[at]);
    const rule = mayOpen && INLINE.find(([pattern]) => pattern.test(rest));
    if (!rule) {
      words += text[at];
      at += 1;
      continue;
    }
    out.push(...plain(words));
    words = "";
    const found = rest.match(rule[0]);
    out.push(rule[1](found));
    at += found[0].length;
  }
  out.push(...plain(words));
  return out.flat();
}
