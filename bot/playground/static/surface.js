// Ties drawn blocks to the server: reports actions with the surface's state, and fetches suggestions.

import { api, failed } from "./api.js";
import { Form } from "./form.js";
import { toast } from "./menu.js";
import { store } from "./state.js";

let surfaces = 0;

/**
 * A context for elements.js. `container` is sent with each action: `{type: "message", channel, ts, ephemeral}` or
 * `{type: "view", view_id}`. `more` adds `errors`, `touched`, `enter`.
 */
export function surfaceContext(container, form = new Form(), more = {}) {
  surfaces += 1;
  const address = (block, item) => ({
    as: store.as,
    container,
    block_id: block.block_id,
    action_id: item.action_id,
  });
  return {
    key: `s${surfaces}`,
    form,
    act: async (block, item, fields, node) => {
      node?.setAttribute?.("aria-busy", "true");
      const answer = await api.action({ ...address(block, item), ...fields, state: form.values });
      node?.removeAttribute?.("aria-busy");
      if (failed(answer)) toast(answer.text ?? `The app did not take it: ${answer.error}.`, { bad: true });
    },
    suggest: async (block, item, value) => {
      const answer = await api.options({ ...address(block, item), ...flat(container), value });
      if (failed(answer)) toast(answer.text ?? `No suggestions: ${answer.error}.`, { bad: true });
      return answer;
    },
    ...more,
  };
}

const flat = (container) =>
  container.type === "view" ? { view_id: container.view_id } : { channel: container.channel, ts: container.ts };
