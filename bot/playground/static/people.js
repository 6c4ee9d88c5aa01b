// Draws people: avatars from initials and a colour, and what their clock shows.

import { time } from "./dates.js";
import { h } from "./dom.js";
import { displayName, now, store } from "./state.js";

/** A decorative avatar; the name always stands beside it. `size`: "small" | "normal". Bots are square. */
export function avatar(who, size = "normal") {
  const bot = who?.is_bot || who?.id === store.bot.id;
  const color = /^#?[0-9a-f]{6}$/i.test(who?.color ?? "") ? `#${who.color.replace("#", "")}` : "#5b6b75";
  return h(
    "span",
    {
      class: `avatar avatar-${size}${bot ? " avatar-bot" : ""}`,
      style: { "--avatar": color, "--avatar-ink": ink(color) },
      "aria-hidden": "true",
    },
    who?.initials || initials(displayName(who)),
  );
}

const initials = (name) =>
  name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .join("")
    .slice(0, 2)
    .toUpperCase() || "?";

/** Black or white, whichever reads better on `color`. */
function ink(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return light > 0.18 ? "#10181c" : "#ffffff";
}

export const localTime = (who) => time(now(), who.tz);

/** "14:05 · Berlin": the wall clock where the person is. */
export function zoneLine(who) {
  return [localTime(who), place(who)].filter(Boolean).join(" · ");
}

const place = (who) => (who.tz ?? "").split("/").at(-1).replaceAll("_", " ");
