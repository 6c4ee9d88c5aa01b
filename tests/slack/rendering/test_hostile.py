"""Whatever the data hold, a message keeps its shape, pings nobody, and stays within Slack's limits."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.rendering import filters
from bot.slack.rendering.render import Rendering
from tests.golden.slack_rules import broken_rules, text_objects

CARD = """
{% macro state(word) %}🟡 {{ word }} · {{ title }}{% endmacro %}
{% call notification() %}{{ state("Waiting") }} by {{ who | name }}, {{ reason }}{% endcall %}
{{ header("Waiting · " ~ title) }}
{% call header() %}Again · {{ title }}{% endcall %}
{% call section(accessory=button("Open " ~ title, "deploy.open", "D-1")) %}
*{{ state("Waiting") }}* {{ title | link(url) }} by {{ who | mention }}
{{ reason | quote }}
{% for _ in range(4) %}
{{ reason }} {{ reason | lines }}
{% endfor %}
{% endcall %}
{% call section(split=true) %}{{ reason | lines }}{% endcall %}
{% call fields() %}{{ field(title, reason) }}{% call field("Why") %}{{ reason }}{% endcall %}{% endcall %}
{% call code() %}{{ reason }}{% endcall %}
{% call context() %}{{ [title, reason, who] | listing }} {{ image("https://x.example/a.png", title) }}{% endcall %}
{% call actions() %}
{{ button("Approve " ~ title, "deploy.approve", "D-1", style="primary",
          confirm={"title": title, "text": reason, "ok": title}) }}
{{ button(title, "deploy.approve", "D-2") }}
{{ link_button(title, "https://x.example") }}
{% endcall %}
"""

HOSTILE = [
    "<!channel>",
    "<!here|here> <@U0VICTIM> <!subteam^S0ALL>",
    "&amp;&lt;!channel&gt;",
    "<https://evil.example|https://bank.example>",
    "``` ` ```",
    "|<|>|",
    "\u202eevil\u202c\u2066x\u2069",
    "a\u2028b\u0085c\x0bd\r\ne",
    "{{7*7}}{% for x in y %}{#",
    '","type":"divider"},{"',
    "\ud800 half of a pair",
    "\x00\x1b[31m\x7f",
    "&" * 40_000,
    "<" * 40_000,
    "x" * 40_000,
    "\n" * 40_000,
    "<@U0VICTIM>" * 4_000,
    "👩‍👩‍👧" * 3_000,
    "",
    "   ",
]


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Rendering:
    """The card above, where everybody's name is hostile as well."""
    folder: Path = tmp_path_factory.mktemp("templates")
    (folder / "card.j2").write_text(CARD, encoding="utf-8")
    return Rendering(folder=folder, names=lambda user_id: f"<!here> {user_id} `|>")


def shape(node: Any) -> Any:
    """A message without its words."""
    if isinstance(node, dict):
        return {key: shape(value) for key, value in node.items() if key not in {"text", "alt_text", "title"}}
    return [shape(value) for value in node] if isinstance(node, list | tuple) else type(node)


def check(render: Rendering, hostile: str) -> None:
    """Render the card with hostile words everywhere and compare it with a harmless one."""
    harmless = render("card", {"title": "t", "reason": "r", "who": "U0ANA", "url": "https://x.example"})
    words_ = hostile.strip() or "x"
    message = render("card", {"title": f"t{words_}", "reason": f"r{words_}", "who": "U0ANA", "url": hostile})
    blocks = [block for block in message.blocks if block["type"] != "section"]
    assert shape(blocks) == shape([block for block in harmless.blocks if block["type"] != "section"])
    assert broken_rules(message) == []
    json.dumps(message.blocks, ensure_ascii=False).encode("utf-8")
    active = [
        message.text,
        *(text["text"] for text in text_objects(list(message.blocks)) if text["type"] == "mrkdwn"),
    ]
    assert set(re.findall("<[@!#][^>]*>", " ".join(active))) == {"<@U0ANA>"}


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:16]))
def test_known_tricks_stay_words(render: Rendering, hostile: str) -> None:
    check(render, hostile)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("<>&|!@#`*_~^{}%\n\r\t \u202e\u200b\u2028\x00aU0:/"), max_size=300))
def test_any_mixture_of_marks_stays_words(render: Rendering, hostile: str) -> None:
    check(render, hostile)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=50), st.integers(1, 9_000))
def test_any_text_of_any_length_stays_words(render: Rendering, text: str, times: int) -> None:
    check(render, text * times)


@given(
    st.lists(st.sampled_from(["&amp;", "&lt;", "<@U0ANA>", "<https://x.example|y>", "a", " "])), st.integers(2, 60)
)
def test_markup_is_never_cut_within_an_entity_or_a_token(parts: list[str], most: int) -> None:
    cut = filters.cut_markup("".join(parts), most)
    assert len(cut) <= most
    kept = cut.removesuffix("…")
    whole = ["".join(parts[:count]).rstrip() for count in range(len(parts) + 1)]
    assert kept.rstrip() in whole
