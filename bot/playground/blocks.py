"""What Slack does to blocks on their way in: fills in ids and flags, and keeps the state of their inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.playground.ids import Ids

Json = dict[str, Any]

TOKEN = re.compile(r"<([^<>]+)>")
BARE_URL = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"*_~`]")
STRAY_AMPERSAND = re.compile(r"&(?!(amp|lt|gt);)")
# The field of an element's state, and the field of the element that it starts from.
STATES = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
}


def wrap_links(text: str) -> str:
    """A text as Slack stores it: bare addresses become `<…>` tokens, stray ampersands are escaped."""
    if "http" in text:
        text = BARE_URL.sub(lambda found: f"<{found.group()}>", text)
    return STRAY_AMPERSAND.sub("&amp;", text) if "&" in text else text


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block, wherever that kind of block keeps them."""
    if block.get("type") == "actions":
        return block["elements"]
    inside = block.get("accessory") if block.get("type") == "section" else block.get("element")
    return [inside] if isinstance(inside, dict) and inside.get("type") != "image" else []


def fill(blocks: list[Json], ids: Ids) -> list[Json]:
    """Give blocks the ids and flags that Slack adds; changes them in place and returns them."""
    for block in blocks:
        if not block.get("block_id"):
            block["block_id"] = ids.secret(5)
        for element in elements_of(block):
            if not element.get("action_id"):
                element["action_id"] = ids.secret(5)
        if block["type"] != "rich_text":
            _flag(block)
    return blocks


def _flag(part: Any) -> None:
    if isinstance(part, dict):
        kind = part.get("type")
        if kind == "plain_text":
            part.setdefault("emoji", True)
        elif kind == "mrkdwn":
            part.setdefault("verbatim", False)
        for item in part.values():
            if isinstance(item, (dict, list)):
                _flag(item)
    elif isinstance(part, list):
        for item in part:
            _flag(item)


def find_element(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    for block in blocks:
        if block.get("block_id") == block_id:
            return next((found for found in elements_of(block) if found.get("action_id") == action_id), None)
    return None


def _stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        for element in elements_of(block):
            if element.get("type") in STATES:
                yield block, element


def state_of(blocks: list[Json], given: Json | None) -> Json:
    """`state.values`: what was chosen, else the initial value, else null, for every input there is."""
    values: Json = {}
    for block, element in _stateful(blocks):
        field, initial = STATES[element["type"]]
        in_block = (given or {}).get(block["block_id"])
        chosen = in_block.get(element["action_id"]) if isinstance(in_block, dict) else None
        many = field.endswith("s") and element["type"] != "plain_text_input"
        held = chosen.get(field) if isinstance(chosen, dict) else element.get(initial)
        if held == "" or held is None:
            held = [] if many else None
        state: Json = {"type": element["type"], field: held}
        if element["type"] == "timepicker" and element.get("timezone"):
            state["timezone"] = element["timezone"]
        values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def input_problems(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's own client says before it sends a form: by block, what is missing or too long."""
    problems: dict[str, str] = {}
    for block, element in _stateful(blocks):
        if block["type"] != "input":
            continue
        field, _ = STATES[element["type"]]
        held = values[block["block_id"]][element["action_id"]][field]
        if held in (None, [], ""):
            if not block.get("optional"):
                problems[block["block_id"]] = "Please complete this required field."
        elif isinstance(held, str) and (sentence := _text_problem(element, held)):
            problems[block["block_id"]] = sentence
    return problems


def _text_problem(element: Json, held: str) -> str | None:
    kind = element["type"]
    if len(held) > (most := element.get("max_length", 3_000)):
        return f"Must be {most} characters or fewer."
    if len(held) < (least := element.get("min_length", 0)):
        return f"Must be at least {least} characters."
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", held):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.match(r"https?://\S+$", held):
        return "Please enter a valid URL."
    return _number_problem(element, held) if kind == "number_input" else None


def _number_problem(element: Json, held: str) -> str | None:
    try:
        value = float(held) if element.get("is_decimal_allowed") else int(held)
    except ValueError:
        return "Please enter a valid number."
    if element.get("min_value") is not None and value < float(element["min_value"]):
        return f"Must be at least {element['min_value']}."
    if element.get("max_value") is not None and value > float(element["max_value"]):
        return f"Must be at most {element['max_value']}."
    return None


def unescape(text: str) -> str:
    return text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")


def typed_blocks(text: str, ids: Ids) -> list[Json]:
    """The rich_text block that Slack's composer sends along with what a person typed."""
    parts: list[Json] = []
    end = 0
    for found in TOKEN.finditer(text):
        if plain := text[end : found.start()]:
            parts.append({"type": "text", "text": unescape(plain)})
        parts.append(_rich(found.group(1)))
        end = found.end()
    if plain := text[end:]:
        parts.append({"type": "text", "text": unescape(plain)})
    section = {"type": "rich_text_section", "elements": parts}
    return [{"type": "rich_text", "block_id": ids.secret(5), "elements": [section]}]


def _rich(token: str) -> Json:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    return {"type": "link", "url": unescape(target)} | ({"text": unescape(label)} if label else {})
