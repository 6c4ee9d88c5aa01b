// Reads mrkdwn into a tree of plain objects; knows nothing of the DOM, so that it can be tested as data.
//
// Order matters and is the safety of it: code fences, then `<…>` tokens, then marks, and only the text left
// over is unescaped (`&amp;` last). What was escaped can therefore never become a token or a mark.

/** `&lt; &gt; &amp;` back to characters, ampersand last, so that `&amp;lt;` stays `&lt;`. */
export const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const MARKS = { "*": "bold", _: "italic", "~": "strike" };
const WORD = /[\p{L}\p{N}]/u;
const BARE_URL = /^https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]}'"*_~`]/i;
const SHORTCODE = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/i;

/**
 * Blocks of a mrkdwn text: `{type: "text"|"quote", children}` and `{type: "pre", children}`.
 * Inline children: text, bold, italic, strike, code, emoji, link, user, channel, usergroup, broadcast, date, unknown.
 */
export function parse(text, { verbatim = false } = {}) {
  const blocks = [];
  const fence = /```\n?([\s\S]+?)\n?```/g;
  let last = 0;
  for (const found of text.matchAll(fence)) {
    pushLines(blocks, text.slice(last, found.index).replace(/\n$/, ""), verbatim);
    blocks.push({ type: "pre", children: codeText(found[1]) });
    last = found.index + found[0].length;
    if (text[last] === "\n") last += 1;
  }
  pushLines(blocks, text.slice(last), verbatim);
  return blocks;
}

function pushLines(blocks, text, verbatim) {
  if (text === "") return;
  let open = null;
  const close = () => {
    if (open) blocks.push({ type: open.type, children: inline(open.lines.join("\n"), verbatim) });
    open = null;
  };
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const rest = lines[at].match(/^(?:&gt;|>){3} ?(.*)$/);
    if (rest) {
      close();
      open = { type: "quote", lines: [rest[1], ...lines.slice(at + 1)] };
      break;
    }
    const quote = lines[at].match(/^(?:&gt;|>) ?(.*)$/);
    const type = quote ? "quote" : "text";
    if (open?.type !== type) {
      close();
      open = { type, lines: [] };
    }
    open.lines.push(quote ? quote[1] : lines[at]);
  }
  close();
}

/** Inside code only `<…>` tokens are read. */
function codeText(text) {
  const out = [];
  let last = 0;
  for (const found of text.matchAll(/<([^<>\n]+)>/g)) {
    addText(out, text.slice(last, found.index));
    out.push(token(found[1]));
    last = found.index + found[0].length;
  }
  addText(out, text.slice(last));
  return out;
}

function addText(out, raw) {
  if (raw === "") return;
  const text = unescape(raw);
  const previous = out[out.length - 1];
  if (previous?.type === "text") previous.text += text;
  else out.push({ type: "text", text });
}

/** Inline children of one run of text. */
export function inline(text, verbatim = false) {
  const out = [];
  let plain = "";
  const flush = () => {
    addText(out, plain);
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = special(text, at, verbatim);
    if (found) {
      flush();
      out.push(found.node);
      at += found.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return out;
}

function special(text, at, verbatim) {
  const sign = text[at];
  const rest = () => text.slice(at);
  if (sign === "<") {
    const found = rest().match(/^<([^<>\n]+)>/);
    return found && { node: token(found[1]), length: found[0].length };
  }
  if (sign === "`") {
    const found = rest().match(/^`([^`\n]+)`/);
    return found && { node: { type: "code", children: codeText(found[1]) }, length: found[0].length };
  }
  if (MARKS[sign]) return marked(text, at, sign, verbatim);
  if (sign === ":" && !WORD.test(text[at - 1] ?? "")) {
    const found = rest().match(SHORTCODE);
    return found && { node: { type: "emoji", name: found[1].toLowerCase() }, length: found[0].length };
  }
  if (!verbatim && (sign === "h" || sign === "H") && !WORD.test(text[at - 1] ?? "")) {
    const found = rest().match(BARE_URL);
    return found && { node: link(found[0], null), length: found[0].length };
  }
  return null;
}

/** `*bold*` and its kin: opens after a non-word, closes before one, on one line, never around blanks. */
function marked(text, at, sign, verbatim) {
  if (WORD.test(text[at - 1] ?? "") || !/\S/.test(text[at + 1] ?? "") || text[at + 1] === sign) return null;
  let inToken = false;
  let inCode = false;
  for (let end = at + 1; end < text.length && text[end] !== "\n"; end += 1) {
    if (text[end] === "`") inCode = !inCode;
    else if (text[end] === "<") inToken = true;
    else if (text[end] === ">") inToken = false;
    const closes = text[end] === sign && !inToken && !inCode && end > at + 1;
    if (closes && /\S/.test(text[end - 1]) && !WORD.test(text[end + 1] ?? "")) {
      const children = inline(text.slice(at + 1, end), verbatim);
      return { node: { type: MARKS[sign], children }, length: end - at + 1 };
    }
  }
  return null;
}

/** What stands between `<` and `>`. Anything not known is kept as it was typed. */
export function token(body) {
  const unknown = { type: "unknown", text: unescape(`<${body}>`) };
  const bar = body.indexOf("|");
  const [head, label] = bar < 0 ? [body, null] : [body.slice(0, bar), body.slice(bar + 1)];
  if (/^@[UW][A-Z0-9]+$/.test(head)) return { type: "user", id: head.slice(1) };
  if (/^#[CDG][A-Z0-9]+$/.test(head))
    return { type: "channel", id: head.slice(1), label: label && unescape(label) };
  const group = head.match(/^!subteam\^(S[A-Z0-9]+)$/);
  if (group) return { type: "usergroup", id: group[1], label: label && unescape(label) };
  if (/^!(here|channel|everyone)$/.test(head)) return { type: "broadcast", range: head.slice(1) };
  if (head.startsWith("!date^")) return dateToken(head, label) ?? unknown;
  return link(head, label) ?? unknown;
}

function dateToken(head, label) {
  const [, seconds, format, url] = head.split("^");
  if (!/^-?\d+$/.test(seconds ?? "") || !format || label === null) return null;
  return {
    type: "date",
    at: Number(seconds),
    format: unescape(format),
    url: safeUrl(url),
    fallback: unescape(label),
  };
}

function link(raw, label) {
  const url = safeUrl(raw);
  if (!url) return null;
  const shown = label === null || label === "" ? url.replace(/^mailto:/i, "") : unescape(label);
  return { type: "link", url, text: shown };
}

/** The address if it is http(s) or mailto, else null. */
export function safeUrl(raw) {
  if (!raw) return null;
  const url = unescape(raw);
  return /^(https?:\/\/[^\s]+|mailto:[^\s]+)$/i.test(url) ? url : null;
}
