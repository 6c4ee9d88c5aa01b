// What the page knows about the workspace, and the bus on which its parts tell each other what changed.

import { api, failed } from "./api.js";

export const store = {
  as: null, // id of the acting person
  channel: null, // id of the open conversation
  tab: "messages", // "messages" | "home"; home only in the app's own conversation
  thread: null, // ts of the open thread's parent
  team: { name: "" },
  people: [],
  channels: [],
  groups: [],
  bot: { id: null, name: "" },
  commands: [],
  shortcuts: [],
  deliveries: [],
  mode: "waiting",
  problem: null, // what is wrong with the app's manifest, a sentence
  views: [], // modals that stood open when the state was read, lowest first
  offsetSeconds: 0,
  skewMs: 0, // workspace time minus this computer's, milliseconds
};

const bus = new EventTarget();

/**
 * Topics: `state` (people, channels, … re-read), `as`, `place` (channel, tab or thread changed), `unread`,
 * `clock`, `link` ("open" | "lost"), and `stream:<type>` for each server-sent event.
 */
export const on = (topic, fn) => bus.addEventListener(topic, (event) => fn(event.detail));
export const emit = (topic, detail) => bus.dispatchEvent(new CustomEvent(topic, { detail }));

/** Workspace time as a Date. */
export const now = () => new Date(Date.now() + store.skewMs);

export const person = (id) => store.people.find((one) => one.id === id) ?? null;
export const channel = (id) => store.channels.find((one) => one.id === id) ?? null;
export const me = () => person(store.as);
export const here = () => channel(store.channel);
export const zone = () => me()?.tz ?? "UTC";
export const botName = () => displayName(person(store.bot.id)) || store.bot.name;
export const groupName = (id) => store.groups.find((one) => one.id === id)?.handle ?? null;
export const displayName = (one) => one?.real_name || one?.name || "";
export const isBotChannel = (one) => one?.kind === "im" && one.with === store.bot.id;

/** A conversation's name as people say it: `#deploys`, or the other person's name. */
export function channelTitle(one) {
  if (!one) return "";
  if (one.kind !== "im") return `#${one.name}`;
  if (one.with === store.bot.id) return botName();
  return displayName(person(one.with)) || one.name;
}

export function takeClock(clock) {
  if (!clock?.now) return;
  store.skewMs = Date.parse(clock.now) - Date.now();
  store.offsetSeconds = clock.offset_seconds ?? 0;
  emit("clock");
}

/** Re-read the workspace for the acting person; answers the failure, or null. */
export async function readState() {
  const answer = await api.state(store.as ?? undefined);
  if (failed(answer)) return answer;
  for (const key of [
    "team",
    "people",
    "channels",
    "groups",
    "bot",
    "commands",
    "shortcuts",
    "deliveries",
    "mode",
    "problem",
    "views",
  ]) {
    if (answer[key] !== undefined) store[key] = answer[key];
  }
  const humans = store.people.filter((one) => !one.is_bot);
  if (!humans.some((one) => one.id === store.as)) store.as = humans[0]?.id ?? null;
  emit("state");
  takeClock(answer.clock);
  return null;
}

/** Open a conversation, tab or thread; anything not named stays, except that a new channel closes the thread. */
export function go({ channel: to = store.channel, tab, thread }) {
  const moved = to !== store.channel;
  store.channel = to;
  store.tab = isBotChannel(here()) ? (tab ?? (moved ? "messages" : store.tab)) : "messages";
  store.thread = thread === undefined ? (moved ? null : store.thread) : thread;
  writeAddress();
  emit("place", { moved });
}

export async function actAs(id) {
  if (!id || id === store.as) return;
  const inApp = isBotChannel(here());
  store.as = id;
  store.thread = null;
  await readState();
  // Everybody has an own conversation with the app: stay with it, and on its tab.
  if (inApp) store.channel = store.channels.find(isBotChannel)?.id ?? null;
  if (!here()) [store.channel, store.tab] = [firstChannel(), "messages"];
  writeAddress();
  emit("as");
  emit("place", { moved: true });
}

export const firstChannel = () =>
  (store.channels.find((one) => one.kind !== "im" && one.member) ?? store.channels[0])?.id ?? null;

/** The address says who looks at what, so that a reload, a test or a screenshot comes back to it. */
function writeAddress() {
  const fields = new URLSearchParams({ as: store.as ?? "", channel: store.channel ?? "" });
  if (store.tab === "home") fields.set("tab", "home");
  if (store.thread) fields.set("thread", store.thread);
  history.replaceState(null, "", `?${fields}`);
}

export function readAddress() {
  const fields = new URLSearchParams(location.search);
  store.as = fields.get("as") || null;
  store.channel = fields.get("channel") || null;
  store.tab = fields.get("tab") === "home" ? "home" : "messages";
  store.thread = fields.get("thread") || null;
}
