"""Locks: whom they stop, and that they always end."""

from datetime import timedelta

import pytest

from bot.core.refusals import Refusal, Stale
from bot.team.environments.model.lock import Lock, Locked, LockState
from tests.example_team import ANA, NOON, TOM

HOUR = timedelta(hours=1)


def test_without_an_end_it_holds_four_hours():
    lock = Lock.place("production", ANA, NOON)

    assert lock.until == NOON + 4 * HOUR
    assert lock.holds(NOON + 4 * HOUR - timedelta(seconds=1))
    assert not lock.holds(NOON + 4 * HOUR)


@pytest.mark.parametrize(
    ("service", "people", "after", "stops"),
    [
        (None, {TOM.id}, 0, True),
        (None, {ANA.id}, 0, False),
        (None, {TOM.id, ANA.id}, 0, False),
        ("web", {TOM.id}, 0, True),
        ("payments", {TOM.id}, 0, False),
        (None, {TOM.id}, 5, False),
    ],
)
def test_whom_it_stops(service, people, after, stops):
    lock = Lock.place("production", ANA, NOON, service=service)

    assert lock.stops("web", people, NOON + after * HOUR) is stops


@pytest.mark.parametrize("until", [NOON, NOON - HOUR, NOON + timedelta(days=32)])
def test_an_end_in_the_past_or_too_far_off_is_refused(until):
    with pytest.raises(Refusal) as refusal:
        Lock.place("production", ANA, NOON, until=until)
    assert refusal.value.field == "until"


def test_it_ends_once():
    released = Lock.place("production", ANA, NOON).release(TOM.id, NOON + HOUR)

    assert (released.state, released.ended_by) == (LockState.RELEASED, TOM.id)
    with pytest.raises(Stale, match="ended already"):
        released.release(ANA.id, NOON + HOUR)
    with pytest.raises(Stale):
        released.expire(NOON + 4 * HOUR)
    with pytest.raises(Stale, match="does not end now"):
        Lock.place("production", ANA, NOON).expire(NOON + HOUR)


def test_the_refusal_says_who_why_how_long_and_what_to_do():
    lock = Lock.place("production", ANA, NOON, service="web", reason="release freeze")

    assert Locked(lock, NOON + HOUR).sentence == (
        "web in production is locked by Ana for 3 h more: “release freeze”. Ask Ana, wait for its end, "
        'or take the lock off with "/deploy unlock production for web" (Ana is told); '
        '"/deploy steal production for web because …" makes it yours.'
    )
