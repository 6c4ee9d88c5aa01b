// Draws Block Kit's interactive elements and reports each use as the fields of one `block_actions` action.
//
// `ctx` comes from the surface (message, modal, Home): `form`, `surface`, `errors`, `act(block, element, fields, node)` and
// `suggest(block, element, query)` → groups of raw options.

import { h, icon } from "./dom.js";
import { confirm, openMenu } from "./menu.js";
import { safeUrl } from "./mrkdwn.js";
import { textObject } from "./render.js";
import { selectElement } from "./choices.js";
import { instant, wall } from "./dates.js";
import { zone } from "./state.js";

/** One element as a node. An unknown type answers null: the block draws its labelled box. */
export function element(item, block, ctx) {
  if (/_select$/.test(item.type)) return selectElement(item, block, ctx, use);
  return DRAW[item.type]?.(item, block, ctx) ?? null;
}

const DRAW = {
  button,
  workflow_button: button,
  overflow,
  checkboxes,
  radio_buttons: radios,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  datepicker: (...all) => native("date", "selected_date", "initial_date", ...all),
  timepicker: (...all) => native("time", "selected_time", "initial_time", ...all),
  datetimepicker,
};

/**
 * Record a use and report it: after the element's `confirm`, if any. Inputs report only with `dispatch_action`.
 * Answers whether the use went ahead.
 */
export async function use(item, block, ctx, fields, node) {
  if (block.type !== "input" && item.confirm && !(await confirm(item.confirm))) return false;
  if (item.type !== "button") ctx.form.set(block.block_id, item.action_id, { type: item.type, ...fields });
  ctx.touched?.(block.block_id);
  if (block.type !== "input" || block.dispatch_action) await ctx.act(block, item, fields, node);
  return true;
}

const dataOf = (item, block) => ({ action: item.action_id, block: block.block_id });

function button(item, block, ctx) {
  const style = { primary: " button-primary", danger: " button-danger" }[item.style] ?? "";
  const url = safeUrl(item.url);
  const press = async () => {
    if (node.getAttribute("aria-busy") === "true") return;
    await use(item, block, ctx, { value: item.value ?? "" }, node);
  };
  const node = h(
    url ? "a" : "button",
    {
      class: `button${style}`,
      ...(url ? { href: url, target: "_blank", rel: "noopener noreferrer", role: "button" } : { type: "button" }),
      "aria-label": item.accessibility_label,
      data: { testid: "button", ...dataOf(item, block) },
      on: { click: press },
    },
    textObject(item.text),
  );
  return node;
}

function overflow(item, block, ctx) {
  const node = h(
    "button",
    {
      type: "button",
      class: "button button-icon",
      "aria-haspopup": "menu",
      "aria-label": "More actions",
      data: { testid: "overflow", ...dataOf(item, block) },
      on: {
        click: () =>
          openMenu(
            node,
            (item.options ?? []).map((option) => ({
              label: textObject(option.text),
              description: option.description && textObject(option.description),
              href: safeUrl(option.url),
              testid: "overflow-option",
              data: { value: option.value },
              onSelect: () => use(item, block, ctx, { selected_option: option }, node),
            })),
            { label: "More actions" },
          ),
      },
    },
    icon("more"),
  );
  return node;
}

function choiceList(item, block, ctx, type, isOn, onPick) {
  const name = `${ctx.key}-${block.block_id}-${item.action_id}`;
  return h(
    "div",
    {
      class: "choices",
      role: type === "radio" ? "radiogroup" : "group",
      "aria-label": block.label?.text ?? "Choices",
      data: { testid: item.type, ...dataOf(item, block) },
    },
    (item.options ?? []).map((option) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type,
          name,
          value: option.value,
          checked: isOn(option),
          data: { value: option.value },
          on: { change: (event) => onPick(option, event.target) },
        }),
        h(
          "span",
          { class: "choice-words" },
          h("span", {}, textObject(option.text)),
          option.description && h("span", { class: "choice-description" }, textObject(option.description)),
        ),
      ),
    ),
  );
}

function checkboxes(item, block, ctx) {
  const entry = ctx.form.start(block.block_id, item.action_id, {
    type: item.type,
    selected_options: item.initial_options ?? [],
  });
  let picked = entry.selected_options;
  const has = (option) => picked.some((one) => one.value === option.value);
  return choiceList(item, block, ctx, "checkbox", has, async (option, box) => {
    const before = picked;
    picked = item.options.filter((one) => (one.value === option.value ? box.checked : has(one)));
    if (!(await use(item, block, ctx, { selected_options: picked }, box))) {
      picked = before;
      box.checked = has(option);
    }
  });
}

function radios(item, block, ctx) {
  const entry = ctx.form.start(block.block_id, item.action_id, {
    type: item.type,
    selected_option: item.initial_option ?? null,
  });
  return choiceList(
    item,
    block,
    ctx,
    "radio",
    (option) => entry.selected_option?.value === option.value,
    (option, box) => use(item, block, ctx, { selected_option: option }, box),
  );
}

const errorProps = (block, ctx) => ({
  "aria-invalid": ctx.errors?.[block.block_id] ? "true" : null,
  "aria-describedby": `${ctx.key}-${block.block_id}-notes`,
});

function textInput(item, block, ctx) {
  const entry = ctx.form.start(block.block_id, item.action_id, {
    type: item.type,
    value: item.initial_value ?? null,
  });
  const type = { email_text_input: "email", url_text_input: "url" }[item.type] ?? "text";
  const node = h(item.multiline ? "textarea" : "input", {
    class: "field",
    id: `${ctx.key}-${block.block_id}-field`,
    value: entry.value ?? "",
    ...(item.multiline ? { rows: "4" } : { type }),
    inputmode: item.type === "number_input" ? "decimal" : null,
    placeholder: item.placeholder?.text,
    maxlength: item.max_length,
    autofocus: item.focus_on_load,
    "aria-label": block.label ? null : (item.placeholder?.text ?? "Text"),
    ...errorProps(block, ctx),
    data: { testid: "field", ...dataOf(item, block) },
  });
  const triggers = item.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const fields = () => ({ value: node.value === "" ? null : node.value });
  node.addEventListener("input", () => {
    if (block.dispatch_action && triggers.includes("on_character_entered")) use(item, block, ctx, fields(), node);
    else {
      ctx.form.set(block.block_id, item.action_id, { type: item.type, ...fields() });
      ctx.touched?.(block.block_id);
    }
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || (item.multiline && !event.metaKey && !event.ctrlKey)) return;
    event.preventDefault();
    if (block.dispatch_action && triggers.includes("on_enter_pressed")) use(item, block, ctx, fields(), node);
    else ctx.enter?.();
  });
  return node;
}

function native(type, field, initial, item, block, ctx) {
  const entry = ctx.form.start(block.block_id, item.action_id, { type: item.type, [field]: item[initial] ?? null });
  const node = h("input", {
    type,
    class: "field field-short",
    id: `${ctx.key}-${block.block_id}-field`,
    value: entry[field] ?? "",
    "aria-label": block.label ? null : (item.placeholder?.text ?? (type === "date" ? "Date" : "Time")),
    ...errorProps(block, ctx),
    data: { testid: item.type, ...dataOf(item, block) },
    on: { change: () => use(item, block, ctx, { [field]: node.value || null }, node) },
  });
  return node;
}

function datetimepicker(item, block, ctx) {
  const initial = { type: item.type, selected_date_time: item.initial_date_time ?? null };
  const entry = ctx.form.start(block.block_id, item.action_id, initial);
  const shown = entry.selected_date_time ? wall(new Date(entry.selected_date_time * 1000)) : "";
  const read = () => ({ selected_date_time: node.value ? Math.floor(instant(node.value) / 1000) : null });
  const node = h("input", {
    type: "datetime-local",
    class: "field field-short",
    id: `${ctx.key}-${block.block_id}-field`,
    value: shown,
    title: `In ${zone()}`,
    "aria-label": block.label ? null : "Date and time",
    ...errorProps(block, ctx),
    data: { testid: item.type, ...dataOf(item, block) },
    on: { change: () => use(item, block, ctx, read(), node) },
  });
  return node;
}
