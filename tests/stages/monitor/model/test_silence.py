"""Silences and matchers: what they cover, how long they may last, and what is none."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.refusals import NotUnderstood, Refusal, Stale
from bot.stages.monitor.model import matchers
from bot.stages.monitor.model.matchers import Matcher, Op
from bot.stages.monitor.model.silence import Kept, Silence, SilenceState
from tests.example_team import ANA, NOON

HOUR = timedelta(hours=1)
DISK = (Matcher("alertname", "DiskFull"),)


def silence(until: datetime = NOON + HOUR, of: tuple[Matcher, ...] = DISK, *, is_remote: bool = False) -> Silence:
    return replace(Silence.place(of, ANA, NOON, until, "disk swap", is_remote=is_remote), id="Q-1")


@pytest.mark.parametrize(
    ("until", "says"),
    [(NOON, "in the future"), (NOON - HOUR, "in the future"), (NOON + timedelta(days=31), "30 days at most")],
)
def test_a_silence_ends_soon_and_not_in_the_past(until: datetime, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        silence(until)
    with pytest.raises(Refusal, match=says):
        silence().extend(until, NOON)


@pytest.mark.parametrize(
    "of", [(), (Matcher("team", "", Op.IS),), (Matcher("team", ".*", Op.LIKE),), (Matcher("team", "x", Op.IS_NOT),)]
)
def test_a_silence_never_mutes_everything(of: tuple[Matcher, ...]) -> None:
    with pytest.raises(Refusal, match="every alert there is"):
        silence(of=of)


def test_every_change_is_one_that_alertmanager_has_to_hear_of() -> None:
    there = silence(is_remote=True).kept_there("0b5e")
    longer = there.extend(NOON + 2 * HOUR, NOON)
    lifted = longer.kept_there("0b5e").lift(ANA.id, NOON + HOUR)

    assert [(one.revision, one.kept) for one in (there, longer, lifted)] == [
        (1, Kept.THERE),
        (2, Kept.WRITING),
        (3, Kept.WRITING),
    ]
    assert silence().lift(ANA.id, NOON).kept is Kept.HERE


def test_what_has_ended_is_neither_moved_nor_ended_again() -> None:
    over = silence().lift(ANA.id, NOON + HOUR / 2)
    assert over.state is SilenceState.LIFTED
    for change in (lambda: over.extend(NOON + 5 * HOUR, NOON + HOUR), lambda: over.lift(ANA.id, NOON + HOUR)):
        with pytest.raises(Stale, match="ended 30 min ago"):
            change()
    with pytest.raises(Stale, match="does not end now"):
        silence().expire(NOON)


@pytest.mark.parametrize(
    ("text", "labels", "fits"),
    [
        ('service="web"', {"service": "web"}, True),
        ('{service="web", severity=~"crit.*"}', {"service": "web", "severity": "critical"}, True),
        ('severity=~"crit"', {"severity": "critical"}, False),  # the whole value, as Alertmanager has it
        ("service!=web", {}, True),
        ('service!~"web|api"\nteam=x', {"service": "db", "team": "x"}, True),
        (r'path="a\"b\\c"', {"path": r'a"b\c'}, True),
        ('env=""', {}, True),
    ],
)
def test_matchers_are_read_and_meant_as_alertmanager_does(text: str, labels: dict[str, str], fits: bool) -> None:
    read = matchers.read(text)

    assert matchers.all_fit(read, labels) is fits
    assert matchers.read(matchers.written(read)) == read


@pytest.mark.parametrize(
    "text", ["web", 'service="web" and', 'severity=~"("', '="x"', "a=b c=d", ",".join(["a=b"] * 21)]
)
def test_what_is_no_matcher_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(NotUnderstood):
        matchers.read(text)


def test_what_alerts_have_in_common_is_what_a_silence_begins_with() -> None:
    both = [{"alertname": "A", "instance": "1", "job": "x"}, {"alertname": "A", "instance": "2"}]
    assert matchers.written(matchers.common(both)) == 'alertname="A"'
