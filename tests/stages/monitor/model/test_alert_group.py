"""An alert group as a table of what arrives and what it then says."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import AlertFired, AlertResolved
from bot.core.refusals import Stale
from bot.stages.monitor.model.alert_group import AlertGroup, Severity
from tests.example_team import NOON

MINUTE = timedelta(minutes=1)


def fired(
    fingerprint: str = "a", start: int = 0, severity: str = "critical", received: int | None = None
) -> AlertFired:
    labels = {"alertname": "HighErrorRate", "severity": severity, "instance": fingerprint}
    at = NOON + start * MINUTE
    seen = at if received is None else NOON + received * MINUTE
    return AlertFired("alertmanager", fingerprint, "g", labels, {"summary": "5xx"}, at, seen)


def resolved(fingerprint: str = "a", start: int = 0, end: int = 10) -> AlertResolved:
    labels = {"alertname": "HighErrorRate", "severity": "critical", "instance": fingerprint}
    ends_at = NOON + end * MINUTE
    return AlertResolved("alertmanager", fingerprint, "g", labels, {}, NOON + start * MINUTE, ends_at, ends_at)


def group() -> AlertGroup:
    return AlertGroup("alertmanager", "g", NOON, id="A-1")


def test_the_same_alert_again_changes_nothing() -> None:
    once = group().fire(fired())

    assert once.fire(fired(received=5)) is once


def test_a_group_resolves_when_its_last_alert_does() -> None:
    both = group().fire(fired("a")).fire(fired("b"))
    one_left = both.resolve(resolved("a"))
    none_left = one_left.resolve(resolved("b", end=12))

    assert one_left.state == "firing"
    assert (none_left.state, none_left.closed_at) == ("resolved", NOON + 12 * MINUTE)


def test_a_firing_that_was_overtaken_by_its_end_does_not_open_it_again() -> None:
    over = group().fire(fired()).resolve(resolved(end=10))

    assert over.fire(fired(start=0, received=11)) is over


def test_the_end_of_an_earlier_time_does_not_end_this_one() -> None:
    second_time = group().fire(fired(start=20))

    assert second_time.resolve(resolved(start=0, end=10)) is second_time


def test_firing_again_takes_the_acknowledgement_away() -> None:
    over = group().fire(fired()).acknowledge("U0ANA", NOON).resolve(resolved(end=10))
    again = over.fire(fired(start=15))

    assert (again.state, again.acknowledged, again.times_fired, again.closed_at) == ("firing", None, 2, None)


def test_a_second_acknowledgement_says_who_was_first() -> None:
    taken = group().fire(fired()).acknowledge("U0ANA", NOON)

    with pytest.raises(Stale, match="<@U0ANA> has acknowledged"):
        taken.acknowledge("U0TOM", NOON)
    with pytest.raises(Stale, match="You have acknowledged"):
        taken.acknowledge("U0ANA", NOON)


def test_a_resolved_alert_is_neither_acknowledged_nor_silenced() -> None:
    over = group().fire(fired()).resolve(resolved())

    with pytest.raises(Stale, match="resolved by itself"):
        over.acknowledge("U0ANA", NOON)
    with pytest.raises(Stale, match="nothing to silence"):
        over.must_fire("there is nothing to silence")


@pytest.mark.parametrize(
    ("word", "severity"),
    [("page", Severity.CRITICAL), ("P2", Severity.WARNING), ("purple", Severity.UNKNOWN), (None, Severity.UNKNOWN)],
)
def test_any_word_for_severity_maps(word: str | None, severity: Severity) -> None:
    assert Severity.of(word) is severity


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20)


@given(STEPS, st.randoms(use_true_random=False))
def test_deliveries_in_any_order_and_number_end_in_the_same_state(
    steps: list[tuple[str, bool]], chance: Random
) -> None:
    """Each alert fires and perhaps resolves, all at known instants; order and repetition must not matter."""
    last = dict(steps)
    events = [fired(name, received=1) for name in last] + [resolved(name) for name, over in last.items() if over]
    if not events:
        return
    arriving = events * 2
    chance.shuffle(arriving)
    state = group()
    for event in arriving:
        state = state.fire(event) if isinstance(event, AlertFired) else state.resolve(event)

    assert {alert.fingerprint for alert in state.firing} == {name for name, over in last.items() if not over}
    assert state.state == ("firing" if state.firing else "resolved")
