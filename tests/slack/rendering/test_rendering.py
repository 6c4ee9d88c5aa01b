"""What a template can rely on: calls in order, words first, faults that name themselves."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from bot.core.messages import Rendered
from bot.slack.rendering.render import Rendering, TemplateFault
from tests.golden.slack_rules import broken_rules

AT = datetime(2026, 11, 24, 16, 2, tzinfo=UTC)
FIRST = "{% call notification() %}news{% endcall %}\n"

Say = Callable[..., Rendered]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Render a template given as text."""

    def rendered(source: str, **context: Any) -> Rendered:
        (tmp_path / "it.j2").write_text(source, encoding="utf-8")
        names = {"U0ANA": "Ana", "U0TOM": "Tom & Co", "U0MEI": "Mei"}
        return Rendering(folder=tmp_path, names=names.get)("it", context)

    return rendered


def shown(say: Say, expression: str, **context: Any) -> str:
    """What an expression becomes within a section."""
    message = say(f"{FIRST}{{% call section() %}}{{{{ {expression} }}}}{{% endcall %}}", **context)
    return message.blocks[0]["text"]["text"]


def test_blocks_stand_in_the_order_of_the_calls(say: Say) -> None:
    message = say(
        FIRST + "{{ header('Title') }}{% call section() %}one{% endcall %}{{ divider() }}"
        "{% call context() %}small{{ image('https://x.example/a.png', 'a picture') }}{% endcall %}"
        "{% call code() %}a < b\n  c{% endcall %}"
        "{% call fields() %}{{ field('Since', 3) }}{% call field('By') %}*x*{% endcall %}{% endcall %}"
        "{% call actions() %}{{ button('Go', 'deploy.go', 'D-1') }}{% endcall %}"
    )

    assert message.text == "news"
    assert [block["type"] for block in message.blocks] == [
        "header",
        "section",
        "divider",
        "context",
        "rich_text",
        "section",
        "actions",
    ]
    assert message.blocks[4]["elements"][0]["elements"][0]["text"] == "a < b\n  c"
    assert [field["text"] for field in message.blocks[5]["fields"]] == ["*Since*\n3", "*By*\n*x*"]
    assert broken_rules(message) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'U0ANA' | mention", "<@U0ANA>"),
        ("'U0TOM' | name", "Tom &amp; Co"),
        ("'<@U1>' | mention", "&lt;@U1&gt;"),
        ("'U0ANA|x' | mention", "U0ANA|x"),
        ("['U0ANA', 'U0MEI'] | map('mention') | join(' & ')", "<@U0ANA> &amp; <@U0MEI>"),
        ("['U0ANA', 'U0TOM', 'U0MEI'] | map('name') | listing", "Ana, Tom &amp; Co and Mei"),
        ("range(1, 18) | listing(3)", "1, 2, 3 and 14 more"),
        ("'frozen by U0ANA, U0XYZ1 and XU0MEI' | named", "frozen by Ana, U0XYZ1 and XU0MEI"),
        ("at | when", "<!date^1795536120^{date_short_pretty} at {time}|24 Nov 16:02 UTC>"),
        ("at", "<!date^1795536120^{date_short_pretty} at {time}|24 Nov 16:02 UTC>"),
        ("at | ago", "<!date^1795536120^{ago}|24 Nov 16:02 UTC>"),
        ("at.date() | day", "Tue 24 Nov 2026"),
        ("at.date() | day(year=false)", "Tue 24 Nov"),
        ("130 | plural('minute')", "130 minutes"),
        ("1 | plural('reply', 'replies')", "1 reply"),
        ("'the < run' | link('https://x.example/?a=1&b=|>')", "<https://x.example/?a=1&amp;b=%7C%3E|the &lt; run>"),
        ("'a|b' | link('https://x.example')", "<https://x.example|a¦b>"),
        ("'click' | link('javascript:alert(1)')", "click"),
        ("'click' | link(none)", "click"),
        ("'C0DEPLOYS' | channel", "<#C0DEPLOYS>"),
        ("'#deploys' | channel", "#deploys"),
        ("'one\ntwo' ", "one two"),
        ("'one\r\n<two>' | lines", "one\n&lt;two&gt;"),
        ("'one\u2028two' | quote", ">one\n>two"),
        ("('x' * 20) | cut(5)", "xxxx…"),
        ("'a`b'", "aˋb"),
        ("none", ""),
        ("true", "yes"),
        ("7.25", "7.25"),
        ("'C-4' ~ ('U0ANA' | mention)", "C-4@Ana"),
    ],
)
def test_a_value_becomes_words(say: Say, expression: str, expected: str) -> None:
    said = say(FIRST + "{% call section() %}[{{ " + expression + " }}]{% endcall %}", at=AT)
    assert said.blocks[0]["text"]["text"] == f"[{expected}]"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "less than 1 s"),
        (45, "45 s"),
        (60, "1 min"),
        (252, "4 min 12 s"),
        (3_599.6, "1 h"),
        (7_800, "2 h 10 min"),
        (86_399, "1 day"),
        (3 * 86_400, "3 days"),
        (3 * 86_400 + 7_200, "3 days 2 h"),
        (30 * 86_400 + 7_200, "30 days"),
        (-45, "45 s"),
    ],
)
def test_a_duration_is_rounded_to_two_units(say: Say, seconds: float, expected: str) -> None:
    assert shown(say, "value | duration", value=timedelta(seconds=seconds)) == expected


def test_in_a_title_a_mention_is_the_plain_name_and_nothing_is_escaped(say: Say) -> None:
    message = say(
        FIRST + "{% call header() %}{{ 'U0TOM' | mention }} < {{ day }}{% endcall %}", day=date(2026, 1, 2)
    )
    assert message.blocks[0]["text"]["text"] == "@Tom & Co < Fri 2 Jan 2026"


def test_what_a_macro_or_a_set_block_made_is_not_escaped_again(say: Say) -> None:
    message = say(
        "{% macro by(who) %}by {{ who | mention }} & {{ 'a<b' }}{% endmacro %}"
        + FIRST
        + "{% set both %}{{ by('U0ANA') }}{% endset %}"
        "{% call section() %}{{ by('U0ANA') }}{% endcall %}{% call section() %}{{ both }}{% endcall %}"
    )
    assert [block["text"]["text"] for block in message.blocks] == ["by <@U0ANA> & a&lt;b"] * 2


def test_an_empty_block_is_left_out(say: Say) -> None:
    message = say(
        FIRST + "{% call section() %}\n{{ '' }}\n{% endcall %}{% call context() %}{% endcall %}"
        "{% call actions() %}{% endcall %}{% call fields() %}{% endcall %}{% call code() %}\n{% endcall %}"
    )
    assert message.blocks == ()


def test_lines_are_trimmed_so_that_templates_may_be_indented(say: Say) -> None:
    message = say(FIRST + "{% call section() %}\n  one\n    {% if true %}\n    two\n    {% endif %}\n{% endcall %}")
    assert message.blocks[0]["text"]["text"] == "one\ntwo"


def test_two_buttons_of_one_verb_can_be_told_apart(say: Say) -> None:
    message = say(
        FIRST
        + "{% call actions() %}{% for id in ['A-1', 'A-2'] %}{{ button('Ack', 'monitor.ack', id) }}{% endfor %}"
        "{{ link_button('Open', 'https://x.example') }}{{ link_button('Not', 'file:///etc') }}{% endcall %}"
    )
    assert [button["action_id"] for button in message.blocks[0]["elements"]] == [
        "monitor.ack",
        "monitor.ack#2",
        "link",
    ]


def test_a_button_beside_a_section_asks_before_it_acts(say: Say) -> None:
    message = say(
        FIRST + "{% call section(accessory=button('Roll back', 'deploy.back', 'D-1', style='danger', "
        "confirm={'title': 'Roll back?', 'text': 'Roll back web?', 'ok': 'Roll back'})) %}web{% endcall %}"
    )
    accessory = message.blocks[0]["accessory"]
    assert accessory["style"] == "danger"
    assert accessory["confirm"]["confirm"]["text"] == "Roll back"
    assert broken_rules(message) == []


def test_a_long_text_can_become_several_sections(say: Say) -> None:
    items = "\n".join(f"• item {number}" for number in range(1_000))
    message = say(FIRST + "{% call section(split=true) %}{{ items | lines }}{% endcall %}", items=items)
    assert "\n".join(block["text"]["text"] for block in message.blocks) == items
    assert broken_rules(message) == []


def test_too_many_blocks_end_in_and_more_but_the_buttons_stay(say: Say) -> None:
    message = say(
        FIRST + "{% for n in range(70) %}{% call section() %}{{ n }}{% endcall %}{% endfor %}"
        "{% call actions() %}{{ button('Go', 'go') }}{% endcall %}"
    )
    assert len(message.blocks) == 50
    assert message.blocks[-1]["type"] == "actions"
    assert message.blocks[-2]["elements"][0]["text"] == "and 22 more"


def test_a_long_value_does_not_push_out_the_words_after_it(say: Say) -> None:
    message = say(
        FIRST + "{% call section() %}Because {{ reason }}\nAsked by {{ 'U0ANA' | mention }}{% endcall %}",
        reason="&" * 5_000,
    )
    assert message.blocks[0]["text"]["text"].endswith("…\nAsked by <@U0ANA>")
    assert broken_rules(message) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{% call section() %}x{% endcall %}" + FIRST, "notification"),
        ("{{ divider() }}", "notification"),
        ("", "no notification"),
        ("{% call notification() %} {% endcall %}", "says nothing"),
        (FIRST + FIRST, "once"),
        (FIRST + "stray words", "outside of any block: 'stray words'"),
        (FIRST + "{% call section() %}{% call section() %}x{% endcall %}{% endcall %}", "within section"),
        (FIRST + "{% call section() %}{{ button('Go', 'go') }}{% endcall %}", "a button has no place"),
        (FIRST + "{{ button('Go', 'go') }}", "a button has no place between blocks"),
        (FIRST + "{% call actions() %}words{% endcall %}", "no words"),
        (FIRST + "{% call actions() %}{{ button('Go', 'go', 'x' * 2001) }}{% endcall %}", "carry an id"),
    ],
)
def test_a_template_that_breaks_the_rules_is_told_which(say: Say, source: str, fault: str) -> None:
    with pytest.raises(TemplateFault, match=fault):
        say(source)


def test_a_misspelt_name_is_an_error_and_not_a_hole(say: Say) -> None:
    with pytest.raises(UndefinedError, match="servce"):
        say(FIRST + "{% call section() %}{{ servce }}{% endcall %}", service="web")


def test_a_list_or_an_object_is_no_word(say: Say) -> None:
    with pytest.raises(TypeError, match="shows a list"):
        shown(say, "[1, 2]")


@pytest.mark.parametrize("name", ["safe", "e", "tojson", "urlize"])
def test_no_filter_leads_around_the_escaping(say: Say, name: str) -> None:
    with pytest.raises(Exception, match=f"No filter named '{name}'"):
        shown(say, f"'<!channel>' | {name}")


def test_a_page_may_have_a_hundred_blocks(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/page.j2").write_text(FIRST + "{% for n in range(120) %}{{ divider() }}{% endfor %}")
    assert len(Rendering(folder=tmp_path)("home/page", {}).blocks) == 100


class TestOverrides:
    """Templates of the team's own."""

    @pytest.fixture
    def theirs(self, tmp_path: Path) -> Path:
        (tmp_path / "system").mkdir()
        return tmp_path

    def test_a_template_of_the_same_name_replaces_ours(self, theirs: Path) -> None:
        (theirs / "system/broken.j2").write_text("{% call notification() %}Hoppla {{ reference }}{% endcall %}")
        render = Rendering(theirs)
        assert render.broken("4f2a").text == "Hoppla 4f2a"
        assert render.refusal("No.").text == "No."

    @pytest.mark.parametrize(
        "source",
        [
            "{% call notification() %}{{ missing }}{% endcall %}",
            "{% call notification( %}",
            "{% call notification() %}{{ reference.__class__.__mro__ }}{% endcall %}",
            "{% call notification() %}{{ ''.__class__.__base__.__subclasses__() }}{% endcall %}",
            # Of these the end is a word, as any message may hold: only the sandbox stands in the way.
            "{% call notification() %}{{ reference.__class__.__name__ }}{% endcall %}",
            "{% call notification() %}{{ notification.__init__.__globals__['__name__'] }}{% endcall %}",
            "{% call notification() %}{{ (reference | attr('__class__')).__name__ }}{% endcall %}",
            "{% call notification() %}{{ '{0.__class__.__name__}'.format(reference) }}{% endcall %}",
        ],
    )
    def test_one_that_fails_or_reaches_too_far_gives_way_to_ours(self, theirs: Path, source: str) -> None:
        (theirs / "system/broken.j2").write_text(source)
        assert Rendering(theirs).broken("4f2a") == Rendering().broken("4f2a")

    def test_mistakes_are_told_before_they_matter(self, theirs: Path) -> None:
        (theirs / "system/broken.j2").write_text("{% call notification( %}")
        (theirs / "system/brokn.j2").write_text(FIRST)
        (theirs / "system/_part.j2").write_text("x")
        first, second = Rendering(theirs).mistakes()
        assert first.startswith("system/broken.j2 line 1")
        assert second == "system/brokn.j2 replaces no template of ours"


def test_every_template_of_ours_compiles() -> None:
    Rendering().warm()
