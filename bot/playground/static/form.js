// Holds what a person has filled in, in the shape Slack calls `state.values`, and says what is missing.

export class Form {
  constructor() {
    this.values = {};
  }

  set(blockId, actionId, entry) {
    (this.values[blockId] ??= {})[actionId] = entry;
  }

  get(blockId, actionId) {
    return this.values[blockId]?.[actionId];
  }

  /** The kept entry if there is one of this type (an update must not lose what was typed), else the initial one. */
  start(blockId, actionId, initial) {
    const kept = this.get(blockId, actionId);
    if (kept?.type === initial.type) return kept;
    this.set(blockId, actionId, initial);
    return initial;
  }

  /** Drop entries that the view's blocks no longer hold. */
  keepOnly(blocks) {
    const known = new Set(blocks.map((block) => block.block_id));
    for (const blockId of Object.keys(this.values)) if (!known.has(blockId)) delete this.values[blockId];
  }
}

const isEmpty = (entry) => {
  const { type: _type, ...fields } = entry ?? {};
  return Object.values(fields).every(
    (value) => value === null || value === undefined || value === "" || value?.length === 0,
  );
};

/** block_id → sentence for every input a person must still mend, as Slack's own client would say before sending. */
export function problems(blocks, form) {
  const found = {};
  for (const block of blocks) {
    if (block.type !== "input") continue;
    const entry = form.get(block.block_id, block.element.action_id);
    const problem = isEmpty(entry) ? (block.optional ? null : "This is needed.") : unfit(block.element, entry);
    if (problem) found[block.block_id] = problem;
  }
  return found;
}

function unfit(element, entry) {
  const text = entry.value;
  if (typeof text !== "string") return null;
  if (element.min_length && text.length < element.min_length) return `At least ${element.min_length} characters.`;
  if (element.max_length && text.length > element.max_length) return `At most ${element.max_length} characters.`;
  if (element.type === "number_input") return unfitNumber(element, text);
  if (element.type === "email_text_input" && !/^\S+@\S+\.\S+$/.test(text)) return "This is no e-mail address.";
  if (element.type === "url_text_input" && !/^https?:\/\/\S+$/i.test(text)) return "This is no web address.";
  return null;
}

function unfitNumber(element, text) {
  const number = Number(text);
  if (Number.isNaN(number)) return "This is no number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "A whole number, please.";
  if (element.min_value !== undefined && number < Number(element.min_value))
    return `At least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `At most ${element.max_value}.`;
  return null;
}
