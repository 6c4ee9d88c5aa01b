// Talks to the playground's server: every answer is an object, and a failure is an answer too.

/**
 * The JSON answer of one request. Never throws: when nothing sensible came back it is
 * `{ok: false, error, text}` with `text` a sentence for the person looking at the page.
 */
async function request(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    return { ok: false, error: "unreachable", text: "The playground does not answer. Is it still running?" };
  }
  let body = null;
  try {
    body = await response.json();
  } catch {
    // An answer that is no JSON (a proxy's page, an empty 204) is judged by its status below.
  }
  if (response.ok) return body ?? { ok: true };
  return {
    ok: false,
    error: body?.error ?? `http_${response.status}`,
    text: body?.text ?? body?.message ?? `The playground answered ${response.status} to ${path}.`,
    ...(body?.errors ? { errors: body.errors } : {}),
  };
}

const query = (fields) => {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(known).toString();
};

const get = (path, fields = {}) => request(`/_play/${path}?${query(fields)}`);

const post = (path, body) =>
  request(`/_play/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

export const failed = (answer) => answer?.ok === false;

export const api = {
  state: (as) => get("state", { as }),
  messages: (channel, as, before) => get(`messages/${channel}`, { as, before, limit: 60 }),
  thread: (channel, ts, as) => get(`thread/${channel}/${ts}`, { as }),
  send: (body) => post("send", body),
  action: (body) => post("action", body),
  options: (body) => post("options", body),
  submitView: (viewId, as, state) => post(`view/${viewId}/submit`, { as, state }),
  closeView: (viewId, as, isCleared) => post(`view/${viewId}/close`, { as, is_cleared: isCleared }),
  shortcut: (body) => post("shortcut", body),
  openHome: (as) => post("home/open", { as }),
  home: (as) => get("home", { as }),
  read: (as, channel) => post("read", { as, channel }),
  react: (body) => post("reaction", body),
  moveClock: (body) => post("clock", body),
  traffic: (after) => get("traffic", { after }),
  deliver: (source, name) => post("deliver", { source, name }),
};
