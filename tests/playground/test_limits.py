"""Block Kit's limits: what Slack refuses, with the pointer to where."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.blocks import fill, state_of
from bot.playground.ids import Ids
from bot.playground.limits import BLOCKS, ELEMENTS, block_problems, view_problems

FIELDS = [
    "type",
    "text",
    "elements",
    "element",
    "label",
    "block_id",
    "action_id",
    "options",
    "value",
    "fields",
    "accessory",
    "rows",
    "title",
    "blocks",
]


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict:
    return {"type": "mrkdwn", "text": text}


def button(**more) -> dict:
    return {"type": "button", "text": plain("Go"), "action_id": "go"} | more


def modal(*blocks: dict, **more) -> dict:
    return {"type": "modal", "title": plain("Deploy"), "blocks": list(blocks)} | more


OPTION = {"text": plain("prod"), "value": "prod"}
SELECT = {"type": "static_select", "options": [OPTION], "initial_option": OPTION}
ASK = {"type": "input", "label": plain("Why"), "element": {"type": "plain_text_input", "action_id": "v"}}


@pytest.mark.parametrize(
    ("block", "sentence", "pointer"),
    [
        (
            {"type": "section", "text": mrkdwn("x" * 3_001)},
            "must be less than 3001 characters",
            "/blocks/0/text/text",
        ),
        ({"type": "section", "text": mrkdwn("")}, "must be more than 0 characters", "/blocks/0/text/text"),
        ({"type": "section", "fields": [mrkdwn("x")] * 11}, "no more than 10 items allowed", "/blocks/0/fields"),
        ({"type": "section"}, "must define either `text` or `fields`", "/blocks/0"),
        ({"type": "header", "text": mrkdwn("x")}, "unsupported type: mrkdwn", "/blocks/0/text/type"),
        ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters", "/blocks/0/text/text"),
        ({"type": "context", "elements": []}, "no fewer than 1 items allowed", "/blocks/0/elements"),
        (
            {"type": "context", "elements": [mrkdwn("x")] * 11},
            "no more than 10 items allowed",
            "/blocks/0/elements",
        ),
        ({"type": "image", "image_url": "https://x"}, "missing required field: alt_text", "/blocks/0"),
        (
            {"type": "actions", "elements": [button(text=plain("x" * 76))]},
            "must be less than 76 characters",
            "/blocks/0/elements/0/text/text",
        ),
        (
            {"type": "actions", "elements": [button(value="x" * 2_001)]},
            "must be less than 2001 characters",
            "/blocks/0/elements/0/value",
        ),
        (
            {"type": "actions", "elements": [button(style="red")]},
            "must be one of: primary, danger",
            "/blocks/0/elements/0/style",
        ),
        (
            {"type": "actions", "elements": [button(), button()]},
            "action_id already exists: go",
            "/blocks/0/elements",
        ),
        (
            {"type": "actions", "elements": [button(colour="red")]},
            "invalid additional property: colour",
            "/blocks/0/elements/0",
        ),
        (
            {"type": "actions", "elements": [{"type": "static_select", "options": [OPTION] * 101}]},
            "no more than 100 items allowed",
            "/blocks/0/elements/0/options",
        ),
        (
            {"type": "actions", "elements": [ASK["element"]]},
            "unsupported type: plain_text_input",
            "/blocks/0/elements/0/type",
        ),
        ({"type": "divider", "block_id": "x" * 256}, "must be less than 256 characters", "/blocks/0/block_id"),
        ({"type": "carousel"}, "unsupported type: carousel", "/blocks/0/type"),
        (
            {"type": "actions", "elements": [{"type": "static_select"}]},
            "must define either `options` or `option_groups`",
            "/blocks/0/elements/0",
        ),
        (
            {"type": "actions", "elements": [SELECT | {"initial_option": OPTION | {"value": "dev"}}]},
            "the initial option must be one of the options",
            "/blocks/0/elements/0",
        ),
        (
            {"type": "actions", "elements": [button(confirm={"title": plain("x"), "text": plain("x")})]},
            "missing required field: deny",
            "/blocks/0/elements/0/confirm",
        ),
        ("divider", "must be an object", "/blocks/0"),
    ],
)
def test_a_block_beyond_the_limits_is_refused_with_a_pointer(block: dict, sentence: str, pointer: str):
    assert f"{sentence} [json-pointer:{pointer}]" in block_problems([block])


def test_at_the_limits_nothing_is_refused():
    blocks = [
        {
            "type": "section",
            "text": mrkdwn("x" * 3_000),
            "fields": [mrkdwn("y" * 2_000)] * 10,
            "accessory": button(),
        },
        {"type": "header", "text": plain("x" * 150)},
        {"type": "context", "elements": [mrkdwn("x")] * 10},
        {"type": "actions", "elements": [button(action_id=f"a{n}", text=plain("x" * 75)) for n in range(25)]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100},
    ]

    assert block_problems([*blocks, *({"type": "divider"} for _ in range(45))]) == []


def test_a_message_holds_50_blocks_and_a_modal_100():
    dividers = [{"type": "divider"}] * 51

    assert block_problems(dividers) == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert block_problems(dividers, "modal") == []


def test_a_message_holds_one_table():
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}

    assert block_problems([table, table]) == ["only_one_table_allowed [json-pointer:/blocks]"]


def test_block_ids_are_unique():
    twice = [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]

    assert block_problems(twice) == ["block_id already exists: a [json-pointer:/blocks/1/block_id]"]


@pytest.mark.parametrize(
    ("view", "sentence", "pointer"),
    [
        (modal(ASK), "missing required field: submit", "/view"),
        (modal(title=plain("x" * 25)), "must be less than 25 characters", "/view/title/text"),
        ({"type": "modal", "blocks": []}, "missing required field: title", "/view"),
        (modal(private_metadata="x" * 3_001), "must be less than 3001 characters", "/view/private_metadata"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown", "/view/blocks/0/type"),
        ({"type": "panel"}, "unsupported type: panel", "/view/type"),
    ],
)
def test_a_view_beyond_the_limits_is_refused_with_a_pointer(view: dict, sentence: str, pointer: str):
    assert f"{sentence} [json-pointer:{pointer}]" in view_problems(view)


async def test_the_refusal_reaches_the_sdk_in_slacks_shape(slack: AsyncWebClient):
    blocks = [{"type": "section", "text": mrkdwn("x" * 3_001)}]
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel="C0WEB", text="x", blocks=blocks)

    told = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert caught.value.response["errors"] == [told]
    assert caught.value.response["response_metadata"]["messages"] == [f"[ERROR] {told}"]


KINDS = st.sampled_from(sorted({*BLOCKS, *ELEMENTS, "plain_text", "mrkdwn", "modal", "home"}))


def _parts(inside: st.SearchStrategy) -> st.SearchStrategy:
    """Lists, and objects of some kind with some of the fields that kinds have."""
    fields = st.dictionaries(st.sampled_from(FIELDS), inside, max_size=6)
    return st.lists(inside, max_size=4) | st.builds(lambda kind, rest: rest | {"type": kind}, KINDS, fields)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), _parts, max_leaves=25)


@settings(deadline=None)
@given(st.lists(JSON, max_size=4))
def test_whatever_comes_is_judged_and_what_passes_can_be_kept(blocks: list):
    for surface in ("message", "modal", "home"):
        if not block_problems(blocks, surface):
            kept = fill(blocks, Ids())
            assert all(block["block_id"] for block in kept)
            state_of(kept, None)
            assert block_problems(kept, surface) == []


@settings(deadline=None)
@given(JSON)
def test_whatever_view_comes_is_judged(view: object):
    assert isinstance(view_problems(view), list)
