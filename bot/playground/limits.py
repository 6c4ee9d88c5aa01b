"""Slack's rules for Block Kit, told the way Slack tells them: a sentence and a JSON pointer.

Figures are those of docs.slack.dev/reference/block-kit; a list holds every problem found, not only the first.
"""

from __future__ import annotations

from typing import Any

from bot.playground.rules import (
    Check,
    anything,
    array,
    boolean,
    choice,
    number,
    one_of,
    problem,
    shape,
    string,
    with_one,
)

ID_MAX = 255  # characters of block_id, action_id, callback_id, external_id
OPTIONS_MAX = 100


def text(most: int, least: int = 1, *, plain: bool = False) -> Check:
    kinds = {"plain_text": shape("text", text=string(most, least), emoji=boolean)}
    if not plain:
        kinds["mrkdwn"] = shape("text", text=string(most, least), verbatim=boolean)
    return one_of(kinds)


PLAIN_75 = text(75, plain=True)
CONFIRM = shape(
    "title text confirm deny",
    title=text(100, plain=True),
    text=text(300),
    confirm=text(30, plain=True),
    deny=text(30, plain=True),
    style=choice("primary", "danger"),
)
OPTION = shape("text value", text=text(75), value=string(150, 1), description=text(75), url=string(3_000))
GROUP = shape("label options", label=PLAIN_75, options=array(OPTION, OPTIONS_MAX))
DISPATCH = shape("", trigger_actions_on=array(choice("on_enter_pressed", "on_character_entered"), 2))

ANY = {"action_id": string(ID_MAX, 1), "confirm": CONFIRM, "focus_on_load": boolean}
TYPED = ANY | {"placeholder": text(150, plain=True)}
LISTED = TYPED | {"options": array(OPTION, OPTIONS_MAX), "option_groups": array(GROUP, OPTIONS_MAX)}
SOURCES = ("options", "option_groups")
MANY = {"max_selected_items": number(1, OPTIONS_MAX)}
CONVERSATION = {"default_to_current_conversation": boolean, "filter": anything, "response_url_enabled": boolean}
INPUT = TYPED | {"initial_value": string(3_000), "dispatch_action_config": DISPATCH}
IDS = array(string(ID_MAX, 1), OPTIONS_MAX, 0)


def choosing(check: Check) -> Check:
    """A check, and that what is chosen at first is one of the options, text and all."""

    def both(value: Any, at: str, errors: list[str]) -> None:
        before = len(errors)
        check(value, at, errors)
        if len(errors) > before:
            return
        offered = [*(value.get("options") or [])]
        offered += [option for group in value.get("option_groups") or [] for option in group["options"]]
        values = [option["value"] for option in offered]
        chosen = [*(value.get("initial_options") or []), *filter(None, [value.get("initial_option")])]
        if any(option["value"] not in values for option in chosen):
            problem(errors, "the initial option must be one of the options", at)

    return both


ELEMENTS: dict[str, Check] = {
    "button": shape(
        "text",
        text=PLAIN_75,
        url=string(3_000),
        value=string(2_000),
        style=choice("primary", "danger"),
        accessibility_label=string(75),
        action_id=ANY["action_id"],
        confirm=CONFIRM,
    ),
    "static_select": choosing(with_one(shape("", **LISTED, initial_option=OPTION), *SOURCES)),
    "multi_static_select": choosing(
        with_one(shape("", **LISTED, **MANY, initial_options=array(OPTION, OPTIONS_MAX)), *SOURCES)
    ),
    "external_select": shape("", **TYPED, initial_option=OPTION, min_query_length=number(0, 150)),
    "multi_external_select": shape(
        "", **TYPED, **MANY, initial_options=array(OPTION, OPTIONS_MAX), min_query_length=number(0, 150)
    ),
    "users_select": shape("", **TYPED, initial_user=string(ID_MAX)),
    "multi_users_select": shape("", **TYPED, **MANY, initial_users=IDS),
    "channels_select": shape("", **TYPED, initial_channel=string(ID_MAX), response_url_enabled=boolean),
    "multi_channels_select": shape("", **TYPED, **MANY, initial_channels=IDS),
    "conversations_select": shape("", **TYPED, **CONVERSATION, initial_conversation=string(ID_MAX)),
    "multi_conversations_select": shape("", **TYPED, **MANY, **CONVERSATION, initial_conversations=IDS),
    "overflow": shape("options", options=array(OPTION, 5), action_id=ANY["action_id"], confirm=CONFIRM),
    "checkboxes": choosing(shape("options", **ANY, options=array(OPTION, 10), initial_options=array(OPTION, 10))),
    "radio_buttons": choosing(shape("options", **ANY, options=array(OPTION, 10), initial_option=OPTION)),
    "datepicker": shape("", **TYPED, initial_date=string(10, 10)),
    "timepicker": shape("", **TYPED, initial_time=string(5, 5), timezone=string(100)),
    "datetimepicker": shape("", **ANY, initial_date_time=number(1_000_000_000, 9_999_999_999)),
    "plain_text_input": shape(
        "", **INPUT, multiline=boolean, min_length=number(0, 3_000), max_length=number(1, 3_000)
    ),
    "number_input": shape(
        "is_decimal_allowed", **INPUT, is_decimal_allowed=boolean, min_value=string(40), max_value=string(40)
    ),
    "email_text_input": shape("", **INPUT),
    "url_text_input": shape("", **INPUT),
}
PICKERS = (
    "button static_select external_select users_select channels_select conversations_select overflow "
    "checkboxes radio_buttons datepicker timepicker"
)
MULTI = (
    "multi_static_select multi_external_select multi_users_select multi_channels_select multi_conversations_select"
)
TEXT_INPUTS = "plain_text_input number_input email_text_input url_text_input"
INPUT_KINDS = PICKERS.replace("button ", "").replace("overflow ", "") + f" {MULTI} {TEXT_INPUTS} datetimepicker"

IMAGE = {"image_url": string(3_000), "slack_file": anything, "alt_text": string(2_000)}
PICTURES = ("image_url", "slack_file")
ACCESSORIES = ELEMENTS | {"image": with_one(shape("alt_text", **IMAGE), *PICTURES)}
CONTEXT_PARTS: dict[str, Check] = {
    "image": ACCESSORIES["image"],
    "plain_text": text(3_000, plain=True),
    "mrkdwn": text(3_000),
}
RICH_PARTS = ["rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"]
CELL = one_of({"raw_text": shape("text", text=string(10_000)), "raw_number": anything, "rich_text": anything})
BLOCK_ID = string(ID_MAX)

BLOCKS: dict[str, Check] = {
    "section": with_one(
        shape(
            "",
            text=text(3_000),
            fields=array(text(2_000), 10),
            accessory=one_of(ACCESSORIES, f"{PICKERS} {MULTI} image"),
            expand=boolean,
            block_id=BLOCK_ID,
        ),
        "text",
        "fields",
    ),
    "header": shape("text", text=text(150, plain=True), level=number(1, 4), block_id=BLOCK_ID),
    "divider": shape("", block_id=BLOCK_ID),
    "context": shape("elements", elements=array(one_of(CONTEXT_PARTS), 10), block_id=BLOCK_ID),
    "actions": shape(
        "elements", elements=array(one_of(ELEMENTS, f"{PICKERS} datetimepicker"), 25), block_id=BLOCK_ID
    ),
    "input": shape(
        "label element",
        label=text(2_000, plain=True),
        element=one_of(ELEMENTS, INPUT_KINDS),
        hint=text(2_000, plain=True),
        optional=boolean,
        dispatch_action=boolean,
        block_id=BLOCK_ID,
    ),
    "image": with_one(shape("alt_text", **IMAGE, title=text(2_000, plain=True), block_id=BLOCK_ID), *PICTURES),
    "rich_text": shape(
        "elements", elements=array(one_of(dict.fromkeys(RICH_PARTS, anything)), 1_000), block_id=BLOCK_ID
    ),
    "markdown": shape("text", text=string(12_000, 1), block_id=BLOCK_ID),
    "table": shape(
        "rows", rows=array(array(CELL, 20), 100), column_settings=array(anything, 20), block_id=BLOCK_ID
    ),
}
SURFACES = {
    "message": one_of(BLOCKS),
    "modal": one_of({name: check for name, check in BLOCKS.items() if name not in ("markdown", "table")}),
    "home": one_of({name: check for name, check in BLOCKS.items() if name != "markdown"}),
}
BLOCKS_MAX = {"message": 50, "modal": 100, "home": 100}

VIEW_FIELDS = {
    "blocks": anything,  # checked by surface below
    "private_metadata": string(3_000),
    "callback_id": string(ID_MAX),
    "external_id": string(ID_MAX),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
    "title": text(24, plain=True),
    "submit": text(24, plain=True),
    "close": text(24, plain=True),
}
MODAL = shape("title blocks", **VIEW_FIELDS)
HOME = shape("blocks", **VIEW_FIELDS)


def block_problems(blocks: list[Any], surface: str = "message", at: str = "/blocks") -> list[str]:
    """Everything Slack would refuse in the blocks of a message, modal or Home tab."""
    errors: list[str] = []
    array(SURFACES[surface], BLOCKS_MAX[surface], 0)(blocks, at, errors)
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        where = f"{at}/{position}"
        block_id = str(block.get("block_id") or "")
        if block_id and block_id in seen:
            problem(errors, f"block_id already exists: {block_id}", f"{where}/block_id")
        seen.add(block_id)
        if block.get("type") == "actions" and isinstance(block.get("elements"), list):
            ids = [str(e.get("action_id") or "") for e in block["elements"] if isinstance(e, dict)]
            for repeated in {action_id for action_id in ids if action_id and ids.count(action_id) > 1}:
                problem(errors, f"action_id already exists: {repeated}", f"{where}/elements")
    tables = [block for block in blocks if isinstance(block, dict) and block.get("type") == "table"]
    if len(tables) > 1:
        problem(errors, "only_one_table_allowed", at)
    return errors


def view_problems(view: Any) -> list[str]:
    """Everything Slack would refuse in a modal or Home view."""
    errors: list[str] = []
    kind = view.get("type") if isinstance(view, dict) else None
    if kind not in ("modal", "home"):
        problem(errors, f"unsupported type: {kind}", "/view/type")
        return errors
    (MODAL if kind == "modal" else HOME)(view, "/view", errors)
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        problem(errors, "must be an array", "/view/blocks")
        return errors
    errors += block_problems(blocks, kind, "/view/blocks")
    asks = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if kind == "modal" and asks and not view.get("submit"):
        problem(errors, "missing required field: submit", "/view")
    return errors
