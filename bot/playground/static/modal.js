// Shows the app's modals: a stack of up to three, kept live, with each field's problem beside it.

import { api, failed } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { byId, h, icon } from "./dom.js";
import { Form, problems } from "./form.js";
import { on, store } from "./state.js";
import { surfaceContext } from "./surface.js";
import { textObject } from "./render.js";

const stack = []; // {view, form, errors, trouble, busy}
let dialog = null;

const top = () => stack.at(-1);

export function startModal() {
  dialog = byId("modal");
  on("stream:view_opened", ({ view }) => {
    stack.length = 0;
    push(view);
  });
  on("stream:view_pushed", ({ view }) => push(view));
  on("stream:view_updated", ({ view }) => update(view));
  on("stream:view_closed", ({ view_id: id, view }) => remove(id ?? view?.id));
  on("state", restore);
  // Esc: the browser would close the dialog without telling the app.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (event.target === dialog) cancel();
  });
}

/** After a reload, a switch of person or a broken connection: show what the server says is open. */
function restore() {
  const open = new Set(store.views.map((view) => view.id));
  const kept = stack.filter((entry) => open.has(entry.view.id));
  if (kept.length !== stack.length) {
    stack.splice(0, stack.length, ...kept);
    draw({ fresh: true });
  }
  for (const view of store.views) push(view);
}

function push(view) {
  if (stack.some((entry) => entry.view.id === view.id)) return update(view);
  stack.push({ view, form: new Form(), errors: {}, trouble: null, busy: false });
  return draw({ fresh: true });
}

function update(view) {
  const entry = stack.find((one) => one.view.id === view.id);
  if (!entry) return;
  entry.view = view;
  entry.errors = {};
  entry.trouble = null;
  entry.form.keepOnly(view.blocks);
  if (entry === top()) draw({});
}

/** Take one view (and those above it) off the stack; without an id, all of them. */
function remove(id) {
  const at = id ? stack.findIndex((entry) => entry.view.id === id) : 0;
  if (at < 0) return;
  stack.splice(at);
  draw({ fresh: true });
}

function draw({ fresh = false }) {
  const entry = top();
  if (!entry) {
    if (dialog.open) dialog.close();
    dialog.replaceChildren();
    return;
  }
  const place = fresh ? null : whereFocusIs();
  const { view } = entry;
  const body = h("div", { class: "dialog-body", data: { testid: "modal-body" } });
  const scrolled = dialog.querySelector(".dialog-body")?.scrollTop ?? 0;
  const ctx = surfaceContext({ type: "view", view_id: view.id }, entry.form, {
    errors: entry.errors,
    touched: (blockId) => forgive(entry, blockId),
    enter: () => submit(),
  });
  body.append(...drawBlocks(view.blocks, ctx));
  const form = h(
    "form",
    {
      class: "dialog-form",
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          submit();
        },
      },
    },
    head(view),
    entry.trouble &&
      h("div", { class: "dialog-trouble", role: "alert", data: { testid: "modal-error" } }, entry.trouble),
    body,
    foot(entry),
  );
  dialog.dataset.view = view.id;
  dialog.dataset.callback = view.callback_id ?? "";
  dialog.setAttribute("aria-labelledby", "modal-title");
  dialog.replaceChildren(form, h("div", { class: "toasts", "aria-live": "polite" }));
  if (!dialog.open) dialog.showModal();
  body.scrollTop = fresh ? 0 : scrolled;
  setFocus(place);
}

function head(view) {
  return h(
    "header",
    { class: "dialog-head" },
    stack.length > 1 &&
      h(
        "button",
        {
          type: "button",
          class: "tool",
          "aria-label": "Back",
          data: { testid: "modal-back" },
          on: { click: cancel },
        },
        icon("back"),
      ),
    h("h2", { class: "dialog-title", id: "modal-title", data: { testid: "modal-title" } }, textObject(view.title)),
    h(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-label": "Close",
        data: { testid: "modal-close" },
        on: { click: closeAll },
      },
      icon("close"),
    ),
  );
}

function foot({ view, busy }) {
  return h(
    "footer",
    { class: "dialog-buttons" },
    h(
      "button",
      { type: "button", class: "button", disabled: busy, data: { testid: "modal-cancel" }, on: { click: cancel } },
      view.close ? textObject(view.close) : view.submit ? "Cancel" : "Close",
    ),
    view.submit &&
      h(
        "button",
        {
          type: "submit",
          class: "button button-primary",
          "aria-busy": busy ? "true" : null,
          data: { testid: "modal-submit" },
        },
        textObject(view.submit),
      ),
  );
}

/** A field that is being mended shows no problem any more; nothing is drawn anew, so typing goes on. */
function forgive(entry, blockId) {
  if (!entry.errors[blockId]) return;
  delete entry.errors[blockId];
  const node = dialog.querySelector(`.input[data-block="${CSS.escape(blockId)}"]`);
  node?.classList.remove("has-problem");
  node?.querySelector(".problem")?.setAttribute("hidden", "");
  node?.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
}

function whereFocusIs() {
  const { activeElement: node } = document;
  if (!dialog.contains(node)) return null;
  const { block, action, testid, value } = node.dataset;
  return {
    block,
    action,
    testid,
    value,
    selection: "selectionStart" in node ? [node.selectionStart, node.selectionEnd] : null,
  };
}

function setFocus(place) {
  const problem = dialog.querySelector(".has-problem :is(input, textarea, button)");
  if (problem) return problem.focus();
  if (place) {
    const all = [...dialog.querySelectorAll("[data-testid], [data-value]")];
    const same = all.find(
      (one) =>
        ["block", "action", "testid", "value"].every((key) => one.dataset[key] === place[key]) && one.tabIndex >= 0,
    );
    same?.focus();
    if (place.selection?.[0] !== null && same?.setSelectionRange && same.tagName === "TEXTAREA")
      same.setSelectionRange(...place.selection);
    if (same) return undefined;
  }
  const first =
    dialog.querySelector("[autofocus]") ??
    dialog.querySelector(".dialog-body :is(input, textarea, select, button, a)") ??
    dialog.querySelector(".dialog-buttons .button-primary") ??
    dialog.querySelector(".dialog-buttons .button");
  return first?.focus();
}

async function submit() {
  const entry = top();
  if (!entry || entry.busy || !entry.view.submit) return;
  entry.errors = problems(entry.view.blocks, entry.form);
  entry.trouble = null;
  if (Object.keys(entry.errors).length) return draw({});
  return sendForm(entry);
}

async function sendForm(entry) {
  setBusy(entry, true);
  const answer = await api.submitView(entry.view.id, store.as, entry.form.values);
  setBusy(entry, false);
  if (!stack.includes(entry)) return; // closed meanwhile
  if (failed(answer)) {
    entry.trouble =
      answer.text ?? `The app did not take it: ${answer.error}. What was filled in is kept; try again.`;
    draw({});
  } else if (answer.response_action === "errors") {
    entry.errors = answer.errors ?? {};
    draw({});
  } else if (answer.response_action === "update" && answer.view) {
    replaceTop(entry, answer.view);
  } else if (answer.response_action === "push" && answer.view) push(answer.view);
  else if (answer.response_action === "clear") remove(null);
  else remove(entry.view.id);
}

function replaceTop(entry, view) {
  if (entry.view.id === view.id) return update(view);
  stack[stack.indexOf(entry)] = { view, form: new Form(), errors: {}, trouble: null, busy: false };
  return draw({ fresh: true });
}

function setBusy(entry, busy) {
  entry.busy = busy;
  const button = dialog.querySelector("[data-testid=modal-submit]");
  if (entry !== top() || !button) return;
  if (busy) button.setAttribute("aria-busy", "true");
  else button.removeAttribute("aria-busy");
}

/** Cancel and Back: one view. */
function cancel() {
  const entry = top();
  if (!entry) return;
  remove(entry.view.id);
  api.closeView(entry.view.id, store.as, false);
}

/** The cross: the whole stack. */
function closeAll() {
  const entry = top();
  remove(null);
  if (entry) api.closeView(entry.view.id, store.as, true);
}
