// Starts the page: reads the address, the workspace's state, and opens the live stream.
//
// Addresses: `?as=U…&channel=C…[&tab=home][&thread=ts]`.
//
// Test ids (data-testid), stable for end-to-end tests and screenshots:
//   act-as · act-as-menu · person[data-user] · local-time          who acts
//   channel[data-channel][data-unread] · badge · mode[data-mode]   sidebar
//   tab-home · tab-messages · home-view · home-empty               the app's own conversation
//   message[data-ts][data-channel][data-author][data-ephemeral] · only-you · edited · mass-mention
//   open-thread · reply · react · reaction[data-name] · pick-reaction[data-name] · message-more
//   message-shortcut[data-callback] · shortcuts · global-shortcut[data-callback]
//   composer · composer-field · composer-send · composer-error · usage-hint · suggestions · suggestion[data-insert]
//   thread · thread-list · thread-composer · thread-composer-field · thread-composer-send · close-thread
//   button, select, overflow, checkboxes, radio_buttons, field, datepicker, timepicker [data-action][data-block]
//   overflow-option[data-value] · select-search · role=option[data-value] · confirm · confirm-yes · confirm-no · unknown-block
//   modal[data-view][data-callback] · modal-title · modal-submit · modal-cancel · modal-close · modal-back
//   input[data-block] · field-error · modal-error
//   clock · clock-time · clock-panel · clock-now · clock-15m · clock-1h · clock-tomorrow · clock-custom · clock-go · clock-error
//   open-traffic · traffic · traffic-list · traffic-row[data-what][data-direction] · traffic-filter · traffic-all|to_bot|from_bot
//   happenings · happenings-menu · happening[data-source][data-name] · toast · link-lost · banner · jump
//   body[data-ready="true"] once the first conversation may load.

import { Composer } from "./composer.js";
import { startActAs } from "./actas.js";
import { startClock } from "./clock.js";
import { byId, h, icon } from "./dom.js";
import { startHappenings } from "./happenings.js";
import { startHome } from "./home.js";
import { startModal } from "./modal.js";
import { startPlaceHead, startSidebar } from "./sidebar.js";
import { firstChannel, go, here, on, readAddress, readState, store } from "./state.js";
import { startStream } from "./stream.js";
import { startThread } from "./thread.js";
import { startTimeline } from "./timeline.js";
import { startTraffic } from "./traffic.js";

const RETRY_MS = 2_000;

async function start() {
  readAddress();
  byId("open-drawer").append(icon("menu"));
  const composer = new Composer(byId("conversation"), { testid: "composer" });
  on("place", ({ moved }) => moved && composer.open(store.channel));
  for (const begin of [
    startSidebar,
    startPlaceHead,
    startTimeline,
    startThread,
    startHome,
    startModal,
    startActAs,
    startClock,
    startTraffic,
    startHappenings,
  ])
    begin();
  on("stream:state", readState);
  await firstState();
  startStream();
  const wanted = here() ? store.channel : firstChannel();
  const thread = store.thread;
  const tab = store.tab;
  store.channel = null;
  go({ channel: wanted, tab, thread });
  document.body.dataset.ready = "true";
  // On a phone the keyboard would hide what one came to read.
  if (matchMedia("(min-width: 720px)").matches && !thread) composer.focus();
}

/** The server may still be starting: say so and keep asking. */
async function firstState() {
  for (;;) {
    const problem = await readState();
    if (!problem) {
      byId("starting").hidden = true;
      return;
    }
    byId("starting").replaceChildren(h("p", {}, problem.text));
    byId("starting").hidden = false;
    await new Promise((again) => setTimeout(again, RETRY_MS));
  }
}

start();
