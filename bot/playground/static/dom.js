// Builds DOM nodes without ever parsing markup, so that no text from outside can become an element.

const SVG = "http://www.w3.org/2000/svg";

/**
 * One element. `props`: `class`, `on: {event: fn}`, `data: {key: value}`, `style: {name: value}`, any DOM
 * property (`value`, `checked`, …) or attribute (`aria-…`, `role`, `for`). null, undefined and false are left out.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProp(node, name, value);
  append(node, children);
  return node;
}

function setProp(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "class") node.className = value;
  else if (name === "on") for (const [type, fn] of Object.entries(value)) node.addEventListener(type, fn);
  else if (name === "data") {
    for (const [key, item] of Object.entries(value)) {
      if (item !== null && item !== undefined && item !== false) node.dataset[key] = item;
    }
  } else if (name === "style") {
    for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
  } else if (PROPERTIES.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

const PROPERTIES = new Set(["value", "checked", "disabled", "textContent", "hidden", "tabIndex", "readOnly"]);

/** Append strings, nodes and nested arrays of them; null and false are skipped. */
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Make `parent`'s children exactly `wanted`, moving as little as possible (focus and scroll survive). */
export function syncChildren(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

export const byId = (id) => document.getElementById(id);

/** Pretty-printed JSON as a `<pre>`, with keys and strings in quiet colours. */
export function jsonView(value) {
  const pre = h("pre", { class: "json", tabIndex: 0 });
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
  const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null|-?\d+(?:\.\d+)?)\b/g;
  let last = 0;
  for (const found of text.matchAll(pattern)) {
    pre.append(text.slice(last, found.index));
    const kind = found[3] !== undefined ? "literal" : found[2] ? "key" : "string";
    pre.append(h("span", { class: `json-${kind}` }, found[1] ?? found[3]), found[2] ?? "");
    last = found.index + found[0].length;
  }
  pre.append(text.slice(last));
  return pre;
}

// 20 × 20 outline paths, drawn for this page.
const ICONS = {
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  close: "M5 5l10 10M15 5L5 15",
  back: "M12 4l-6 6 6 6",
  down: "M5 8l5 5 5-5",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l3 2",
  spark: "M11 2.5L4.5 11.5h5L9 17.5l6.5-9h-5z",
  waves: "M3 7h11l-3-3M17 13H6l3 3",
  reply: "M4 5h12v8h-6l-4 3.5V13H4z",
  smile: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM7 12c1.6 2 4.4 2 6 0M7.5 8v.6M12.5 8v.6",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  send: "M3.5 10L16.5 4 12 16.5l-2.5-5z",
  home: "M3.5 9.5L10 4l6.5 5.5V16h-4.5v-4h-4v4h-4.5z",
  bolt: "M10 3.5v13M3.5 10h13",
  eye: "M2.5 10C5 5.5 15 5.5 17.5 10 15 14.5 5 14.5 2.5 10zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  check: "M4 10.5l4 4 8-9",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
};

/** A decorative icon (hidden from screen readers: its button carries the label). */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
