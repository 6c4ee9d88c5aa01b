// Small floating panels (menus, list boxes, popovers): placement, keyboard, closing; one at a time is enough.

import { h } from "./dom.js";

const GAP = 6;
const EDGE = 8;

/**
 * Open `panel` beside `anchor` in the top layer. Esc and a press elsewhere close it and focus returns to the anchor.
 * Lives inside the anchor's dialog, if any: outside it would be inert.
 */
export function float(anchor, panel, { onClose, above = false, width } = {}) {
  panel.popover = "auto";
  panel.classList.add("float");
  (anchor.closest("dialog") ?? document.body).append(panel);
  if (width === "anchor") panel.style.minWidth = `${anchor.offsetWidth}px`;
  panel.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    // Only if focus went nowhere: a press on another control keeps it there.
    if (document.activeElement === document.body || panel.contains(document.activeElement)) anchor.focus();
    panel.remove();
    onClose?.();
  });
  panel.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  place(anchor, panel, above);
  return () => panel.isConnected && panel.hidePopover();
}

export function place(anchor, panel, above = false) {
  const at = anchor.getBoundingClientRect();
  const [width, height] = [panel.offsetWidth, panel.offsetHeight];
  const below = at.bottom + GAP + height <= innerHeight - EDGE;
  const top = above || !below ? Math.max(EDGE, at.top - GAP - height) : at.bottom + GAP;
  panel.style.left = `${Math.max(EDGE, Math.min(at.left, innerWidth - width - EDGE))}px`;
  panel.style.top = `${at.top - GAP - height < EDGE && !below ? EDGE : top}px`;
}

/**
 * A menu of items: `{label, hint, description, href, danger, testid, data, checked, lead, onSelect}` or `{heading}`.
 */
export function openMenu(anchor, items, { label, above, testid } = {}) {
  const panel = h("div", { class: "menu", role: "menu", "aria-label": label, data: { testid } });
  let close = () => {};
  const rows = items.map((item) => {
    if (item.heading) return h("div", { class: "menu-heading", role: "presentation" }, item.heading);
    return menuRow(item, () => {
      close();
      item.onSelect?.();
    });
  });
  panel.append(...rows);
  if (!rows.length) panel.append(h("div", { class: "menu-empty" }, "Nothing here."));
  arrowKeys(panel, "[role^=menuitem]");
  close = float(anchor, panel, { above });
  panel.querySelector("[role^=menuitem]")?.focus();
  return close;
}

function menuRow(item, onClick) {
  const tag = item.href ? "a" : "button";
  return h(
    tag,
    {
      class: `menu-item${item.danger ? " danger" : ""}`,
      role: item.checked === undefined ? "menuitem" : "menuitemradio",
      "aria-checked": item.checked === undefined ? null : String(item.checked),
      ...(item.href ? { href: item.href, target: "_blank", rel: "noopener noreferrer" } : { type: "button" }),
      tabIndex: -1,
      data: { testid: item.testid, ...item.data },
      on: { click: onClick },
    },
    item.lead,
    h(
      "span",
      { class: "menu-words" },
      h("span", { class: "menu-label" }, item.label),
      item.description && h("span", { class: "menu-description" }, item.description),
    ),
    item.hint && h("span", { class: "menu-hint" }, item.hint),
  );
}

/** Arrows, Home and End move among `selector` inside `panel`; a letter jumps to the next that starts with it. */
export function arrowKeys(panel, selector) {
  panel.addEventListener("keydown", (event) => {
    const rows = [...panel.querySelectorAll(selector)].filter((row) => row.offsetParent !== null);
    const at = rows.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    let to = moves[event.key];
    if (
      to === undefined &&
      /^\S$/.test(event.key) &&
      !event.ctrlKey &&
      !event.metaKey &&
      event.target.tagName !== "INPUT"
    ) {
      const letter = event.key.toLowerCase();
      const ring = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
      to = rows.indexOf(ring.find((row) => row.textContent.trim().toLowerCase().startsWith(letter)));
      if (to < 0) return;
    }
    if (event.key === "Tab" && panel.matches("[role=menu]")) panel.hidePopover();
    if (to === undefined || !rows.length) return;
    event.preventDefault();
    rows[(to + rows.length) % rows.length].focus();
  });
}

/** A short note at the foot of the page; says it to screen readers too. */
export function toast(words, { bad = false } = {}) {
  const note = h(
    "div",
    { class: bad ? "toast toast-bad" : "toast", role: bad ? "alert" : "status", data: { testid: "toast" } },
    words,
  );
  const stack = document.querySelector("dialog[open] .toasts") ?? document.getElementById("toasts");
  stack.append(note);
  setTimeout(() => note.remove(), bad ? 9_000 : 4_000);
}

/** Ask a Block Kit `confirm` object; resolves true when agreed. */
export function confirm(object) {
  const words = (field, otherwise) => object[field]?.text || otherwise;
  return new Promise((resolve) => {
    const danger = object.style === "danger";
    const dialog = h(
      "dialog",
      {
        class: "dialog dialog-small",
        role: "alertdialog",
        "aria-labelledby": "confirm-title",
        data: { testid: "confirm" },
      },
      h("h2", { class: "dialog-title", id: "confirm-title" }, words("title", "Are you sure?")),
      h("p", { class: "dialog-text" }, words("text", "")),
      h(
        "div",
        { class: "dialog-buttons" },
        h(
          "button",
          {
            type: "button",
            class: "button",
            data: { testid: "confirm-no" },
            on: { click: () => dialog.close("no") },
          },
          words("deny", "Cancel"),
        ),
        h(
          "button",
          {
            type: "button",
            class: `button ${danger ? "button-danger-solid" : "button-primary"}`,
            data: { testid: "confirm-yes" },
            on: { click: () => dialog.close("yes") },
          },
          words("confirm", "Yes"),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    // Enter must not be enough for what is hard to undo.
    dialog.querySelector(danger ? "[data-testid=confirm-no]" : "[data-testid=confirm-yes]").focus();
  });
}
