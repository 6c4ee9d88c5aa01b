"""What holds for every text: it gives arguments or a refusal, and a written line reads back."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.command import choice, day, environment, id_of, number, person, service, text, when, word
from bot.core.refusals import Refusal
from bot.slack.grammar import compile
from bot.slack.grammar.line import Reading
from bot.slack.grammar.tokens import TEXT_MAX, clean
from tests.fakes import NOON, PEOPLE
from tests.slack.grammar.test_grammar import AROUND, BOOK

LINE = compile(
    "set <service> <label> [to <environment>] [until <end>] [on <day>] [for <who>] [of <change>] [x <count>]"
    " [how <how>] [mine] [because <reason>]",
    {
        "service": service(),
        "label": word(),
        "environment": environment(),
        "end": when(),
        "day": day(),
        "who": person(),
        "change": id_of("C"),
        "count": number(),
        "how": choice("soon", "late"),
        "reason": text(),
    },
)

KEYWORDS = "set web to until on for of x how mine because production help me tomorrow Mon in 2 h years ago"
MARKS = "<@U0TOM|tom> <@ <#C1|a> <https://a.b|c> &lt; &amp; \" “ ' « » < > | @ 17:00 1/2 9999 -1 C-4 — 31.12. ٣ ²"
ODD = ("🏳️‍🌈", "ÄÖ", "\u200b", "\u00a0", "\u2028", "\n", "\ud800", "\x00", "0" * 400)
PIECES = st.sampled_from([*KEYWORDS.split(), *MARKS.split(), *ODD])
ANY_TEXT = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=25).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_any_text_gives_arguments_or_a_refusal(typed):
    for ask in (
        lambda: LINE.read(typed, AROUND),
        lambda: LINE.read(f"set web label until {typed}", AROUND),
        lambda: BOOK.understand(BOOK.commands["deploy"], typed, AROUND),
        lambda: BOOK.understand_mention(typed, AROUND),
    ):
        with suppress(Refusal):
            assert ask() is not None


def plain(**limits):
    return st.text(**limits).filter(lambda typed: typed.strip() and clean(f'"{typed}"') == f'"{typed}"')


ARGS = st.fixed_dictionaries(
    {"service": st.sampled_from(list(AROUND.team.services)), "label": plain(max_size=40)},
    optional={
        "environment": st.sampled_from(list(AROUND.team.environments)),
        "end": st.integers(1, 500_000).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        "day": st.dates(date(2026, 11, 25), date(2030, 1, 1)),
        "who": st.sampled_from([person.id for person in PEOPLE]),
        "change": st.integers(0, 10**9).map(lambda number: f"C-{number}"),
        "count": st.integers(-(10**9), 10**9),
        "how": st.sampled_from(["soon", "late"]),
        "mine": st.just(True),
        "reason": plain(max_size=200),
    },
)


@settings(max_examples=300, deadline=None)
@given(ARGS)
def test_a_written_line_reads_back(args):
    assert LINE.read(LINE.write(args, AROUND), AROUND) == Reading(args)


@settings(max_examples=5, deadline=None)
@given(st.sampled_from(['"a ', '""', "<", "'", "“x”y ", "<@U1|", "« ", "&", "web to "]))
def test_a_long_hostile_text_takes_no_long_time(piece):
    typed = piece * (TEXT_MAX // len(piece))
    began = datetime.now(UTC)
    with suppress(Refusal):
        LINE.read(typed, AROUND)
    assert datetime.now(UTC) - began < timedelta(seconds=1)
