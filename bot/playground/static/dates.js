// Turns instants into words in the acting person's time zone, and their wall-clock times into instants.

import { now, zone } from "./state.js";

const DAY_MS = 86_400_000;
const LOCALE = "en-GB";
const formats = new Map();

function format(options, tz = zone()) {
  const key = JSON.stringify([tz, options]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(LOCALE, { timeZone: tz, ...options }));
  return formats.get(key);
}

function parts(date, tz = zone()) {
  const made = format(
    {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    },
    tz,
  ).formatToParts(date);
  return Object.fromEntries(made.map((part) => [part.type, part.value]));
}

export const time = (date, tz) => format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, tz).format(date);
export const timeWithSeconds = (date) =>
  format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(date);
export const dayKey = (date, tz) => {
  const p = parts(date, tz);
  return `${p.year}-${p.month}-${p.day}`;
};
export const tsDate = (ts) => new Date(Number(ts) * 1000);

/** "Today", "Yesterday", "Tomorrow", or null when the day is further away. */
function nearDay(date) {
  const names = new Map([
    [-1, "Yesterday"],
    [0, "Today"],
    [1, "Tomorrow"],
  ]);
  const days = Math.round((Date.parse(dayKey(date)) - Date.parse(dayKey(now()))) / DAY_MS);
  return names.get(days) ?? null;
}

/** A date separator's words: "Today", "Tuesday, 24 November". */
export function dayName(date) {
  const sameYear = parts(date).year === parts(now()).year;
  return (
    nearDay(date) ??
    format({ weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) }).format(
      date,
    )
  );
}

export const fullTime = (date, tz) =>
  format(
    { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    tz,
  ).format(date);

export function ago(date) {
  const seconds = Math.round((now() - date) / 1000);
  const size = Math.abs(seconds);
  const [count, unit] =
    size < 60
      ? [size, "second"]
      : size < 3600
        ? [Math.round(size / 60), "minute"]
        : size < 86_400
          ? [Math.round(size / 3600), "hour"]
          : [Math.round(size / 86_400), "day"];
  if (size < 10) return "now";
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
}

const pretty = (date, otherwise) => nearDay(date)?.toLowerCase() ?? otherwise;

const TOKENS = {
  date_num: (d) => dayKey(d),
  date_slash: (d) => dayKey(d).replaceAll("-", "/"),
  date: (d) => format({ day: "numeric", month: "long", year: "numeric" }).format(d),
  date_short: (d) => format({ day: "numeric", month: "short", year: "numeric" }).format(d),
  date_long: (d) => format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(d),
  day_divider_pretty: (d) => dayName(d),
  time: (d) => time(d),
  time_secs: timeWithSeconds,
  ago,
};
TOKENS.date_full = TOKENS.date;
TOKENS.date_long_full = TOKENS.date_long;
for (const name of ["date", "date_short", "date_long", "date_full", "date_long_full"]) {
  TOKENS[`${name}_pretty`] = (d) => pretty(d, TOKENS[name](d));
}

/** `{date_short_pretty} at {time}` filled in; null when a token is unknown, so that the fallback is shown. */
export function dateTokens(template, date) {
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = template.replace(/\{([a-z_]+)\}/g, (whole, name) => {
    if (TOKENS[name]) return TOKENS[name](date);
    known = false;
    return whole;
  });
  return known ? text : null;
}

/** The instant at which a wall clock in `tz` shows `YYYY-MM-DDTHH:MM`. */
export function instant(wall, tz = zone()) {
  const asUtc = Date.parse(`${wall}Z`);
  let guess = asUtc;
  // Twice: the first correction may land on the other side of a daylight-saving change.
  for (let round = 0; round < 2; round += 1) {
    const p = parts(new Date(guess), tz);
    guess += asUtc - Date.parse(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:00Z`);
  }
  return new Date(guess);
}

/** `YYYY-MM-DDTHH:MM` on the acting person's wall. */
export function wall(date, tz = zone()) {
  const p = parts(date, tz);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

export function tomorrowAt(hour) {
  const day = dayKey(new Date(Date.parse(`${dayKey(now())}T12:00:00Z`) + DAY_MS), "UTC");
  return instant(`${day}T${String(hour).padStart(2, "0")}:00`);
}

/** "2 h 10 min", "3 days 1 h": a rounded duration. */
export function duration(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days) return [`${days} day${days === 1 ? "" : "s"}`, hours && `${hours} h`].filter(Boolean).join(" ");
  if (hours) return [`${hours} h`, rest && `${rest} min`].filter(Boolean).join(" ");
  return `${rest} min`;
}
