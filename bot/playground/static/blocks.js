// Draws Block Kit blocks for every surface; what it does not know becomes a labelled box and is never dropped.

import { h, jsonView } from "./dom.js";
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { textObject } from "./render.js";
import { richText } from "./richtext.js";
import { safeUrl } from "./mrkdwn.js";

/** All blocks of a message or view. `ctx`: see elements.js. */
export function drawBlocks(blocks, ctx) {
  return (blocks ?? []).map((block, at) => {
    // Ids are the server's to give; without one, the place keeps two blocks apart.
    const known = block.block_id ? block : { ...block, block_id: `block-${at}` };
    const node = DRAW[block.type]?.(known, ctx) ?? unknown(known, `${block.type} block`);
    node.classList.add("block");
    node.dataset.block = known.block_id;
    node.dataset.type = block.type;
    return node;
  });
}

const DRAW = {
  section,
  actions,
  input,
  context,
  image,
  table,
  alert,
  video,
  header: (block) =>
    h(
      "div",
      {
        class: `block-header header-${block.level ?? 2}`,
        role: "heading",
        "aria-level": String((block.level ?? 1) + 2),
      },
      textObject(block.text),
    ),
  divider: () => h("hr", { class: "divider" }),
  rich_text: (block) => richText(block),
  markdown: (block) => markdown(block.text),
  file: (block) => h("div", { class: "unknown" }, `File ${block.external_id ?? ""}`),
};

function unknown(thing, label) {
  return h(
    "details",
    { class: "unknown", data: { testid: "unknown-block" } },
    h("summary", {}, h("span", { class: "unknown-label" }, label), " is not drawn here. Its JSON:"),
    jsonView(thing),
  );
}

const orBox = (item, block, ctx) => element(item, block, ctx) ?? unknown(item, `${item.type} element`);

function section(block, ctx) {
  const words = block.text && h("div", { class: "section-text" }, textObject(block.text));
  const fields =
    block.fields?.length &&
    h(
      "div",
      { class: "fields" },
      block.fields.map((field) => h("div", { class: "section-field" }, textObject(field))),
    );
  const accessory =
    block.accessory &&
    h(
      "div",
      { class: "accessory" },
      block.accessory.type === "image"
        ? picture(block.accessory, "accessory-image")
        : orBox(block.accessory, block, ctx),
    );
  return h(
    "div",
    { class: accessory ? "section has-accessory" : "section" },
    h("div", { class: "section-body" }, words, fields),
    accessory,
  );
}

function actions(block, ctx) {
  return h(
    "div",
    { class: "actions" },
    (block.elements ?? []).map((item) => orBox(item, block, ctx)),
  );
}

function context(block) {
  return h(
    "div",
    { class: "context" },
    (block.elements ?? []).map((item) =>
      item.type === "image"
        ? picture(item, "context-image")
        : h("span", { class: "context-text" }, textObject(item)),
    ),
  );
}

/**
 * Only pictures from this computer are fetched: the page makes no outside request on its own. Others show their
 * description and address.
 */
function picture(item, className) {
  const address = item.image_url ?? item.slack_file?.url ?? "";
  const alt = item.alt_text ?? "";
  if (isLocal(address)) return h("img", { class: className, src: address, alt, loading: "lazy" });
  const link = safeUrl(address);
  const words = alt || "Picture without description";
  const inside = [
    h("span", { class: "picture-alt" }, words),
    link && h("span", { class: "picture-host" }, new URL(link).host),
  ];
  return link && !link.startsWith("mailto:")
    ? h(
        "a",
        {
          class: `picture ${className}-missing`,
          href: link,
          target: "_blank",
          rel: "noopener noreferrer",
          title: `${words}: open in a new tab`,
        },
        inside,
      )
    : h("span", { class: `picture ${className}-missing` }, inside);
}

export function isLocal(address) {
  if (!address) return false;
  const url = new URL(address, location.href);
  return url.origin === location.origin || address.startsWith("data:image/");
}

function image(block) {
  return h(
    "figure",
    { class: "image" },
    block.title && h("figcaption", { class: "image-title" }, textObject(block.title)),
    picture(block, "image-picture"),
  );
}

function video(block) {
  const url = safeUrl(block.title_url ?? block.video_url);
  return h(
    "div",
    { class: "unknown" },
    "Video: ",
    url
      ? h("a", { href: url, class: "link", target: "_blank", rel: "noopener noreferrer" }, textObject(block.title))
      : textObject(block.title),
  );
}

function alert(block) {
  const level = ["info", "warning", "error", "success"].includes(block.level) ? block.level : "default";
  return h("div", { class: `alert alert-${level}`, role: "note" }, textObject(block.text));
}

function input(block, ctx) {
  const item = block.element ?? {};
  const problem = ctx.errors?.[block.block_id];
  const prefix = `${ctx.key}-${block.block_id}`;
  const field = orBox(item, block, ctx);
  return h(
    "div",
    { class: problem ? "input has-problem" : "input", data: { testid: "input" } },
    h(
      "label",
      { class: "label", for: field.id || null },
      textObject(block.label),
      block.optional && h("span", { class: "optional" }, " optional"),
    ),
    field,
    h(
      "div",
      { class: "notes", id: `${prefix}-notes` },
      h(
        "div",
        { class: "problem", role: problem ? "alert" : null, data: { testid: "field-error" }, hidden: !problem },
        problem ?? "",
      ),
      block.hint && h("div", { class: "hint" }, textObject(block.hint)),
    ),
  );
}

function table(block) {
  const align = (at) =>
    ["left", "center", "right"].find((side) => side === block.column_settings?.[at]?.align) ?? "left";
  const cell = (item, at, tag) =>
    h(
      tag,
      { class: `align-${align(at)}` },
      item.type === "rich_text" ? richText(item) : String(item.text ?? item.value ?? ""),
    );
  const [head, ...rows] = block.rows ?? [];
  return h(
    "div",
    { class: "table-wrap", tabIndex: 0, role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "table" },
      head &&
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((item, at) => cell(item, at, "th")),
          ),
        ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            row.map((item, at) => cell(item, at, "td")),
          ),
        ),
      ),
    ),
  );
}
