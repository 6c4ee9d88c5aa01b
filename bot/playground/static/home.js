// The app's Home tab for the acting person, kept live.

import { api, failed } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { byId, h } from "./dom.js";
import { Form } from "./form.js";
import { botName, displayName, isBotChannel, here, me, on, store } from "./state.js";
import { surfaceContext } from "./surface.js";

let form = new Form();
let viewId = null;
let shownFor = null; // the person for whom the tab is open

export function startHome() {
  on("place", ({ again }) => {
    if (!isOpen()) shownFor = null;
    else if (shownFor !== store.as || again) open();
  });
  on("stream:home", () => isOpen() && load());
}

const isOpen = () => store.tab === "home" && isBotChannel(here());

async function open() {
  shownFor = store.as;
  await load();
  // The app hears of it after what it published before is on screen, and may then publish anew.
  const answer = await api.openHome(store.as);
  if (failed(answer) && isOpen() && !viewId) draw(null, answer.text);
}

async function load() {
  const who = store.as;
  const answer = await api.home(who);
  if (who === store.as && isOpen()) draw(failed(answer) ? null : answer.view, failed(answer) ? answer.text : null);
}

function draw(view, problem) {
  const root = byId("home");
  if (!view) {
    viewId = null;
    root.replaceChildren(
      h(
        "div",
        { class: "empty", data: { testid: "home-empty" } },
        h("strong", {}, `${botName()} shows nothing here for ${displayName(me())} yet.`),
        h("p", {}, problem ?? "It is told each time this tab opens."),
      ),
    );
    return;
  }
  if (view.id !== viewId) form = new Form();
  viewId = view.id;
  form.keepOnly(view.blocks ?? []);
  const scrolled = root.scrollTop;
  const focus = document.activeElement?.dataset ?? {};
  const place = root.contains(document.activeElement) ? [focus.block, focus.action] : null;
  root.replaceChildren(
    h(
      "div",
      { class: "home-sheet", data: { testid: "home-view", view: view.id } },
      drawBlocks(view.blocks, surfaceContext({ type: "view", view_id: view.id }, form)),
    ),
  );
  root.scrollTop = scrolled;
  if (place)
    [...root.querySelectorAll("[data-action]")]
      .find((one) => one.dataset.block === place[0] && one.dataset.action === place[1])
      ?.focus();
}
