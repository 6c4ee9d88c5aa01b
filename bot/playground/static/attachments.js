// Draws what hangs below a message: legacy attachments and files.

import { drawBlocks, isLocal } from "./blocks.js";
import { h } from "./dom.js";
import { safeUrl } from "./mrkdwn.js";
import { mrkdwn } from "./render.js";

/** Legacy attachments: a coloured edge with text, fields or blocks inside. */
export function drawAttachments(attachments, ctx) {
  return (attachments ?? []).map((item) => {
    const color =
      { good: "#2e9d64", warning: "#d9a21b", danger: "#cf4436" }[item.color] ??
      (/^#?[0-9a-f]{6}$/i.test(item.color ?? "") ? `#${item.color.replace("#", "")}` : null);
    const title =
      item.title &&
      (safeUrl(item.title_link)
        ? h(
            "a",
            { class: "link", href: safeUrl(item.title_link), target: "_blank", rel: "noopener noreferrer" },
            item.title,
          )
        : h("strong", {}, item.title));
    return h(
      "div",
      { class: "attachment", style: color ? { "--edge": color } : {} },
      item.pretext && h("div", {}, mrkdwn(item.pretext)),
      title,
      item.blocks ? drawBlocks(item.blocks, ctx) : h("div", {}, mrkdwn(item.text ?? item.fallback ?? "")),
      item.fields?.length &&
        h(
          "div",
          { class: "fields" },
          item.fields.map((field) => h("div", {}, h("strong", {}, field.title), h("br"), mrkdwn(field.value))),
        ),
      item.footer && h("div", { class: "context" }, item.footer),
    );
  });
}

/** Files: pictures are shown, others listed; all from this server. */
export function drawFiles(files) {
  return (files ?? []).map((file) => {
    const address = file.url_private ?? file.permalink ?? "";
    const isPicture =
      /^image\//.test(file.mimetype ?? "") || /^(png|jpe?g|gif|svg|webp)$/.test(file.filetype ?? "");
    if (isPicture && isLocal(address)) {
      return h(
        "figure",
        { class: "image" },
        h("figcaption", { class: "image-title" }, file.title ?? file.name),
        h("img", {
          class: "image-picture",
          src: address,
          alt: file.alt_txt ?? file.title ?? file.name,
          loading: "lazy",
        }),
      );
    }
    const words = [
      h("strong", {}, file.title || file.name || "File"),
      h(
        "span",
        { class: "file-size" },
        [file.filetype, file.size && `${Math.ceil(file.size / 1024)} kB`].filter(Boolean).join(" · "),
      ),
    ];
    return isLocal(address)
      ? h("a", { class: "file", href: address, target: "_blank", rel: "noopener" }, words)
      : h("div", { class: "file" }, words);
  });
}
