"""The shapes of a message: what a template calls to make blocks, in the order in which it calls it.

A template is a row of calls (``{% call section() %}…{% endcall %}``). Data can therefore fill a block, never make
one: what is interpolated ends up within a text object whatever it holds.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from bot.slack.rendering import filters, limits
from bot.slack.rendering.sheet import Block, Caller, Element, Sheet, TemplateFault, current, mrkdwn, plain_text


def notification(*, caller: Caller) -> str:
    """The whole message in plain words: what a phone, a screen reader and a search see."""
    sheet = current.get()
    if sheet.text is not None:
        raise TemplateFault("notification() comes once")
    text = sheet.read("notification", caller)
    if not text:
        raise TemplateFault("notification() says nothing")
    sheet.text = sheet.fit(text, limits.MESSAGE_TEXT_MAX)
    return ""


def header(text: str | None = None, *, caller: Caller | None = None) -> Element | str:
    """A title in large letters; plain text, from its argument or from what it encloses."""
    if caller is None:
        words_ = text or ""
        return Element("block", {"type": "header", "text": plain_text(words_, limits.HEADER_TEXT_MAX)})
    sheet = current.get()
    words_ = sheet.read("header", caller, "plain")
    if words_:
        sheet.add({"type": "header", "text": plain_text(words_, limits.HEADER_TEXT_MAX)})
    return ""


def section(
    accessory: Element | None = None,
    fields: Iterable[Element] = (),
    split: bool = False,
    *,
    caller: Caller,
) -> str:
    """Mrkdwn, with at most one button or picture beside it; nothing at all where it says nothing.

    ``split`` makes several sections of a text that is too long for one, at line ends, instead of cutting it.
    """
    sheet = current.get()
    text = sheet.read("section", caller)
    parts = _split(text, limits.SECTION_TEXT_MAX) if split else [text]
    for number, part in enumerate(parts):
        if not part:
            continue
        block: Block = {"type": "section", "text": mrkdwn(sheet.fit(part, limits.SECTION_TEXT_MAX))}
        if accessory is not None and number == 0:
            block["accessory"] = accessory.body
        sheet.add(block)
    _add_fields(sheet, list(fields))
    return ""


def context(*, caller: Caller) -> str:
    """Small grey words, with little pictures before them."""
    sheet = current.get()
    text = sheet.read("context", caller)
    elements = [element.body for element in sheet.placed][: limits.CONTEXT_ELEMENTS_MAX - 1]
    if text:
        elements.append(mrkdwn(sheet.fit(text, limits.CONTEXT_TEXT_MAX)))
    if elements:
        sheet.add({"type": "context", "elements": elements})
    return ""


def actions(*, caller: Caller) -> str:
    """A row of buttons; words between them are a fault."""
    sheet = current.get()
    if sheet.read("actions", caller):
        raise TemplateFault("actions() holds buttons and no words")
    for some in _chunks(sheet.placed, limits.ACTIONS_ELEMENTS_MAX):
        sheet.add({"type": "actions", "elements": _told_apart(element.body for element in some)})
    return ""


def fields(*, caller: Caller) -> str:
    """Short facts in two columns: ``{{ field("Since", at) }}`` and the like."""
    sheet = current.get()
    if sheet.read("fields", caller):
        raise TemplateFault("fields() holds field() and no words")
    _add_fields(sheet, list(sheet.placed))
    return ""


def field_(label: str, value: Any = None, *, caller: Caller | None = None) -> Element | str:
    """One fact with its label; its value as an argument, or as what it encloses."""
    sheet = current.get()
    value_markup = filters.markup(value) if caller is None else str(caller()).strip()
    text = sheet.fit(f"*{filters.markup(label)}*\n{value_markup or '—'}", limits.FIELD_TEXT_MAX)
    element = Element("field", mrkdwn(text))
    if caller is None:
        return element
    sheet.place(element)
    return ""


def code(tail: bool = False, *, caller: Caller) -> str:
    """Preformatted text, literal whatever it holds; of a long one the start, or with ``tail`` the end."""
    sheet = current.get()
    text = sheet.read("code", caller, "code")
    most = limits.CODE_TEXT_MAX
    if len(text) > most:
        text = "…" + text[1 - most :] if tail else text[: most - 1] + "…"
    if text:
        inner = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
        sheet.add({"type": "rich_text", "elements": [inner]})
    return ""


def divider() -> Element:
    """A line across."""
    return Element("block", {"type": "divider"})


def button(
    text: str,
    action: str,
    value: str = "",
    style: Literal["primary", "danger"] | None = None,
    confirm: dict[str, str] | None = None,
) -> Element:
    """A verb to press: ``action`` is the verb's name, ``value`` what follows it on a usage line."""
    if len(value) > limits.BUTTON_VALUE_MAX or len(action) > limits.ACTION_ID_MAX:
        raise TemplateFault(f"the button {action} carries more than Slack holds; carry an id")
    body: Block = {"type": "button", "text": plain_text(text, limits.BUTTON_TEXT_MAX), "action_id": action}
    if value:
        body["value"] = value
    if style:
        body["style"] = style
    if confirm:
        body["confirm"] = {
            "title": plain_text(confirm["title"], limits.CONFIRM_TITLE_MAX),
            "text": plain_text(confirm["text"], limits.CONFIRM_TEXT_MAX),
            "confirm": plain_text(confirm.get("ok", text), limits.CONFIRM_BUTTON_MAX),
            "deny": plain_text("Cancel", limits.CONFIRM_BUTTON_MAX),
        } | ({"style": style} if style else {})
    return Element("button", body)


def link_button(text: str, url: str) -> Element | str:
    """A button that opens an address; nothing where the address is not one for the web."""
    shown = filters.link(text, url)
    if not isinstance(shown, filters.Token):
        return ""
    label = plain_text(text, limits.BUTTON_TEXT_MAX)
    return Element("button", {"type": "button", "text": label, "url": filters.clean(url), "action_id": "link"})


def image(url: str, alt: str) -> Element | str:
    """A picture and what it says; nothing where the address is not one for the web."""
    if not isinstance(filters.link(alt, url), filters.Token):
        return ""
    alt_text = filters.cut(filters.clean(alt), limits.ALT_TEXT_MAX) or "picture"
    return Element("image", {"type": "image", "image_url": filters.clean(url), "alt_text": alt_text})


MACROS: dict[str, Callable[..., Any]] = {
    "notification": notification,
    "header": header,
    "section": section,
    "context": context,
    "actions": actions,
    "fields": fields,
    "field": field_,
    "code": code,
    "divider": divider,
    "button": button,
    "link_button": link_button,
    "image": image,
}


def _add_fields(sheet: Sheet, elements: list[Element]) -> None:
    for some in _chunks(elements, limits.SECTION_FIELDS_MAX):
        sheet.add({"type": "section", "fields": [element.body for element in some]})


def _chunks(items: Sequence[Element], size: int) -> Iterable[Sequence[Element]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _told_apart(buttons: Iterable[Block]) -> list[Block]:
    """Slack wants action ids unique within a block: the second of a kind becomes ``deploy.approve#2``."""
    seen: dict[str, int] = {}
    result: list[Block] = []
    for body in buttons:
        name = body["action_id"]
        seen[name] = seen.get(name, 0) + 1
        result.append(body if seen[name] == 1 else {**body, "action_id": f"{name}#{seen[name]}"})
    return result


def _split(text: str, most: int) -> list[str]:
    parts: list[str] = [""]
    for line in text.split("\n"):
        if parts[-1] and len(parts[-1]) + 1 + len(line) > most:
            parts.append(line)
        else:
            parts[-1] = f"{parts[-1]}\n{line}" if parts[-1] else line
    return parts
