// Shows the workspace's time where the acting person is, and moves it forward.

import { api, failed } from "./api.js";
import { dayName, duration, fullTime, instant, time, tomorrowAt, wall } from "./dates.js";
import { byId, h, icon } from "./dom.js";
import { float, toast } from "./menu.js";
import { emit, me, now, on, store, takeClock, zone } from "./state.js";

const MINUTE_S = 60;

export function startClock() {
  const button = byId("clock");
  const words = h("span", { class: "bar-words", data: { testid: "clock-time" } });
  button.append(icon("clock"), words);
  const draw = () => {
    words.textContent = time(now());
    button.classList.toggle("is-ahead", store.offsetSeconds >= MINUTE_S);
    button.title = `Workspace time: ${fullTime(now())} in ${zone()}`;
    button.setAttribute("aria-label", `Workspace time ${fullTime(now())}. Move it forward`);
  };
  for (const topic of ["clock", "as", "state"]) on(topic, draw);
  on("stream:clock", (told) => takeClock(told.clock ?? told));
  setInterval(() => emit("tick"), 5_000);
  on("tick", draw);
  button.addEventListener("click", () => openPanel(button));
}

function openPanel(button) {
  const big = h("div", { class: "clock-big", data: { testid: "clock-now" } });
  const day = h("div", { class: "clock-day" });
  const problem = h("div", { class: "problem", role: "alert", data: { testid: "clock-error" } });
  const draw = () => {
    big.textContent = time(now());
    day.textContent = `${dayName(now())} · ${me()?.tz_label ?? zone()} · ${aheadWords()}`;
  };
  const move = async (body, pressed) => {
    problem.textContent = "";
    pressed.setAttribute("aria-busy", "true");
    const answer = await api.moveClock(body);
    pressed.removeAttribute("aria-busy");
    if (failed(answer)) {
      problem.textContent = answer.text ?? `The clock did not move: ${answer.error}.`;
      return;
    }
    takeClock(answer.clock ?? answer);
    draw();
    toast(`It is now ${fullTime(now())}.`);
  };
  const step = (label, testid, body) =>
    h(
      "button",
      {
        type: "button",
        class: "button",
        data: { testid },
        on: { click: (event) => move(body(), event.currentTarget) },
      },
      label,
    );
  const custom = h("input", {
    type: "datetime-local",
    class: "field field-short",
    value: wall(now()),
    "aria-label": "Another time",
    data: { testid: "clock-custom" },
  });
  const panel = h(
    "div",
    { class: "clock-panel", role: "dialog", "aria-label": "Workspace time", data: { testid: "clock-panel" } },
    big,
    day,
    h(
      "p",
      { class: "panel-hint" },
      "Time here goes forward only. The bot moves with it: what falls due in between happens at once.",
    ),
    h(
      "div",
      { class: "clock-steps" },
      step("+15 min", "clock-15m", () => ({ advance_seconds: 15 * MINUTE_S })),
      step("+1 h", "clock-1h", () => ({ advance_seconds: 60 * MINUTE_S })),
      step("Tomorrow 9:00", "clock-tomorrow", () => ({ to: tomorrowAt(9).toISOString() })),
    ),
    h(
      "div",
      { class: "clock-steps" },
      custom,
      step("Go there", "clock-go", () => ({ to: custom.value ? instant(custom.value).toISOString() : "" })),
    ),
    problem,
  );
  draw();
  const close = float(button, panel);
  panel.querySelector("[data-testid=clock-15m]").focus();
  return close;
}

const aheadWords = () => (store.offsetSeconds >= MINUTE_S ? `${duration(store.offsetSeconds)} ahead` : "real time");
