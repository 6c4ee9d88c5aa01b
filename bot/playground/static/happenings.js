// The "Something happens" menu: replays a recorded delivery from a source (GitHub, an alert, …) to the bot.

import { api, failed } from "./api.js";
import { byId, h, icon } from "./dom.js";
import { openMenu, toast } from "./menu.js";
import { store } from "./state.js";

export function startHappenings() {
  const button = byId("happenings");
  button.append(icon("spark"), h("span", { class: "bar-words" }, "Something happens"));
  button.addEventListener("click", () =>
    openMenu(button, items(), { label: "Something happens", testid: "happenings-menu" }),
  );
}

function items() {
  const sources = [...new Set(store.deliveries.map((one) => one.source))].sort();
  if (!sources.length) return [{ heading: "No recorded deliveries. Start the playground with --deliveries." }];
  return sources.flatMap((source) => [
    { heading: source },
    ...store.deliveries
      .filter((one) => one.source === source)
      .map((one) => ({
        label: one.title || one.name,
        testid: "happening",
        data: { source, name: one.name },
        onSelect: () => deliver(one),
      })),
  ]);
}

async function deliver({ source, name, title }) {
  const answer = await api.deliver(source, name);
  const words = `${source}: ${title || name}`;
  if (failed(answer))
    toast(
      `${words}. ${answer.text || answer.error || "The bot did not take it"} (${answer.status ?? "no answer"})`,
      { bad: true },
    );
  else toast(`${words}. The bot answered ${answer.status ?? "ok"}.`);
}
