// Keeps one stream of server-sent events open for the acting person and re-reads what was missed after a break.

import { emit, on, readState, store } from "./state.js";

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 8_000;

let source = null;
let retryMs = RETRY_MIN_MS;
let timer = 0;
let broken = false;

export function startStream() {
  on("as", connect);
  connect();
}

function connect() {
  clearTimeout(timer);
  source?.close();
  const opened = new EventSource(`/_play/stream?as=${encodeURIComponent(store.as ?? "")}`);
  source = opened;
  opened.onopen = async () => {
    retryMs = RETRY_MIN_MS;
    emit("link", "open");
    if (broken) {
      broken = false;
      await readState();
      emit("place", { moved: false, again: true });
    }
  };
  opened.onmessage = (event) => {
    const told = JSON.parse(event.data);
    emit(`stream:${told.type}`, told);
  };
  opened.onerror = () => {
    if (opened !== source) return;
    // The browser's own retry gives up for good on a refused connection; ours does not.
    opened.close();
    broken = true;
    emit("link", "lost");
    timer = setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  };
}
