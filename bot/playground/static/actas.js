// Who one is in this workspace right now: shows it, and switches to anybody else in two presses or with Alt+number.

import { byId, h, icon } from "./dom.js";
import { openMenu } from "./menu.js";
import { avatar, localTime, zoneLine } from "./people.js";
import { actAs, displayName, me, on, store } from "./state.js";

const humans = () => store.people.filter((one) => !one.is_bot);

export function startActAs() {
  const button = byId("act-as");
  const draw = () => {
    const who = me();
    if (!who) return;
    button.dataset.as = who.id;
    button.title = `You act as ${displayName(who)}, ${who.tz_label ?? who.tz}`;
    button.setAttribute("aria-label", `Acting as ${displayName(who)}, ${localTime(who)}. Switch person`);
    button.replaceChildren(
      avatar(who, "small"),
      h(
        "span",
        { class: "act-words" },
        h("span", { class: "act-name" }, displayName(who)),
        h("span", { class: "act-zone", data: { testid: "local-time" } }, zoneLine(who)),
      ),
      icon("down"),
    );
  };
  for (const topic of ["state", "as", "clock", "tick"]) on(topic, draw);
  button.addEventListener("click", () => openMenu(button, items(), { label: "Act as", testid: "act-as-menu" }));
  document.addEventListener("keydown", (event) => {
    const digit = event.code.match(/^Digit([1-9])$/);
    if (!digit || !event.altKey || event.ctrlKey || event.metaKey) return;
    const who = humans()[Number(digit[1]) - 1];
    if (!who) return;
    event.preventDefault();
    actAs(who.id);
  });
}

function items() {
  return [
    { heading: "Act as" },
    ...humans().map((one, at) => ({
      label: displayName(one),
      description: [one.title, one.is_guest && "guest"].filter(Boolean).join(" · "),
      hint: zoneLine(one),
      checked: one.id === store.as,
      lead: avatar(one, "small"),
      testid: "person",
      data: { user: one.id, key: at + 1 },
      onSelect: () => actAs(one.id),
    })),
  ];
}
