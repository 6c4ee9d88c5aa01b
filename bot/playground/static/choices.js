// Binds Block Kit's fourteen select elements to the one select control.

import { channelTitle, displayName, store } from "./state.js";
import { select } from "./select.js";
import { textObject } from "./render.js";
import { avatar } from "./people.js";

/** The node for any `*_select`; `use` reports the choice. */
export function selectElement(item, block, ctx, use) {
  const multi = item.type.startsWith("multi_");
  const kind = item.type.replace(/^multi_/, "").replace(/_select$/, "");
  const family = FAMILIES[kind];
  if (!family) return null;
  const field = multi ? family.many : family.one;
  const initial = multi ? (item[family.initialMany] ?? []) : (item[family.initialOne] ?? null);
  const entry = ctx.form.start(block.block_id, item.action_id, { type: item.type, [field]: initial });
  const kept = entry[field];
  return select({
    load: (query) => family.load(item, block, ctx, query),
    chosen: (multi ? (kept ?? []) : kept === null ? [] : [kept]).map(family.option),
    multi,
    max: item.max_selected_items ?? 0,
    minQuery: kind === "external" ? (item.min_query_length ?? 3) : null,
    placeholder: item.placeholder?.text,
    label: block.label?.text ?? item.placeholder?.text ?? "Choose",
    describedBy: block.type === "input" ? `${ctx.key}-${block.block_id}-notes` : null,
    invalid: Boolean(ctx.errors?.[block.block_id]),
    data: { action: item.action_id, block: block.block_id },
    onChange: (chosen, node) => {
      const raw = chosen.map((one) => one.raw);
      return use(item, block, ctx, { [field]: multi ? raw : (raw[0] ?? null) }, node);
    },
  });
}

const asOption = (option) => ({
  key: option.value,
  label: option.text?.text ?? option.value,
  raw: option,
  description: option.description && textObject(option.description),
});

const asPerson = (id) => {
  const who = store.people.find((one) => one.id === id);
  return {
    key: id,
    label: who ? displayName(who) : id,
    description: who?.title || null,
    lead: who && avatar(who, "small"),
    raw: id,
  };
};

const asChannel = (id) => {
  const known = store.channels.find((one) => one.id === id);
  return { key: id, label: known ? channelTitle(known) : id, raw: id };
};

const groupsOf = ({ options, option_groups: groups }) =>
  groups
    ? groups.map((group) => ({ label: group.label?.text, options: group.options.map(asOption) }))
    : [{ options: (options ?? []).map(asOption) }];

const FAMILIES = {
  static: {
    one: "selected_option",
    many: "selected_options",
    initialOne: "initial_option",
    initialMany: "initial_options",
    option: asOption,
    load: async (item) => groupsOf(item),
  },
  external: {
    one: "selected_option",
    many: "selected_options",
    initialOne: "initial_option",
    initialMany: "initial_options",
    option: asOption,
    load: async (item, block, ctx, query) => groupsOf(await ctx.suggest(block, item, query)),
  },
  users: {
    one: "selected_user",
    many: "selected_users",
    initialOne: "initial_user",
    initialMany: "initial_users",
    option: asPerson,
    load: async () => [{ options: store.people.filter((one) => !one.is_bot).map((one) => asPerson(one.id)) }],
  },
  channels: {
    one: "selected_channel",
    many: "selected_channels",
    initialOne: "initial_channel",
    initialMany: "initial_channels",
    option: asChannel,
    load: async () => [
      { options: store.channels.filter((one) => one.kind !== "im").map((one) => asChannel(one.id)) },
    ],
  },
  conversations: {
    one: "selected_conversation",
    many: "selected_conversations",
    initialOne: "initial_conversation",
    initialMany: "initial_conversations",
    option: asChannel,
    load: async () => [{ options: store.channels.map((one) => asChannel(one.id)) }],
  },
};
