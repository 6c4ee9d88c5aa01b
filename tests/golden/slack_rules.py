"""What Slack refuses or misreads in a message, as far as its documentation says."""

import re
from collections.abc import Iterator
from typing import Any

from bot.core.messages import Rendered

_TOKEN = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|https?://[^<>|\s]+\|[^<>|\n]+|!date\^\d+\^[^<>|^]+\|[^<>|]+)>"
)
_QUOTED = re.compile("^>", re.MULTILINE)  # how mrkdwn marks a line as quoted
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_TEXT_MAX = {"section": 3_000, "header": 150, "context": 3_000, "rich_text": 3_000}


def broken_rules(message: Rendered, *, most_blocks: int = 50) -> list[str]:
    """Every rule that the message breaks; empty for one that Slack takes as we mean it."""
    found = [f"text: {fault}" for fault in _faults_in_mrkdwn(message.text, 4_000)]
    if len(message.blocks) > most_blocks:
        found.append(f"{len(message.blocks)} blocks")
    for number, block in enumerate(message.blocks):
        found += [f"block {number} ({block['type']}): {fault}" for fault in _faults_in(block)]
    return found


def _faults_in(block: dict[str, Any]) -> Iterator[str]:
    for text in text_objects(block):
        if text["type"] == "mrkdwn":
            if text.get("verbatim") is not True:
                yield "mrkdwn that is not verbatim"
            yield from _faults_in_mrkdwn(text["text"], _TEXT_MAX.get(block["type"], 3_000))
        elif text.get("emoji") is not False:
            yield "plain text in which :emoji: are read"
        if not text["text"]:
            yield "an empty text"
    if block["type"] == "header" and len(block["text"]["text"]) > 150:
        yield "header too long"
    fields = block.get("fields", [])
    if len(fields) > 10 or any(len(field["text"]) > 2_000 for field in fields):
        yield "too much in fields"
    if block["type"] == "context" and len(block["elements"]) > 10:
        yield "too many elements"
    if block["type"] == "actions":
        yield from _faults_in_buttons(block["elements"])


def _faults_in_buttons(buttons: list[dict[str, Any]]) -> Iterator[str]:
    if not 1 <= len(buttons) <= 25:
        yield f"{len(buttons)} buttons"
    names = [button["action_id"] for button in buttons]
    if len(set(names)) < len(names):
        yield "an action id twice"
    if sum(button.get("style") == "primary" for button in buttons) > 1:
        yield "two primary buttons"
    for button in buttons:
        if len(button["text"]["text"]) > 75 or len(button.get("value", "")) > 2_000:
            yield f"button {button['action_id']} too long"
        confirm = button.get("confirm")
        if confirm and (
            len(confirm["title"]["text"]) > 100
            or len(confirm["text"]["text"]) > 300
            or len(confirm["confirm"]["text"]) > 30
        ):
            yield f"confirmation of {button['action_id']} too long"


def _faults_in_mrkdwn(text: str, most: int) -> Iterator[str]:
    if len(text) > most:
        yield f"{len(text)} characters"
    bare = _ENTITY.sub("", _TOKEN.sub("", _QUOTED.sub("", text)))
    if found := re.search(r".{0,12}[<>&].{0,12}", bare):
        yield f"unescaped: {found[0]!r}"
    if re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text):
        yield "characters that cannot be seen"


def text_objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every text object, however deep."""
    if isinstance(node, dict):
        if node.get("type") in {"mrkdwn", "plain_text"}:
            yield node
        for value in node.values():
            yield from text_objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from text_objects(value)
