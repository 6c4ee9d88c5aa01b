"""Who is on call: turns by the day and the week, over nights on which clocks jump, and covers before turns."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.refusals import Refusal, Stale
from bot.team.oncall.model.rotation import Cover, CoverState, Every, Rota, Rotation
from tests.example_team import ANA, MEI, NOON, TOM

HOUR = timedelta(hours=1)
WEEKLY = Rota(people=(ANA.id, TOM.id, MEI.id), at=time(9), zone="Europe/Berlin", starts_on=date(2026, 11, 2))
DAILY = replace(WEEKLY, every=Every.DAY)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("rota", "at", "who"),
    [
        (WEEKLY, utc(2026, 11, 2, 8, 0), ANA),  # 09:00 in Berlin
        (WEEKLY, utc(2026, 11, 9, 7, 59), ANA),
        (WEEKLY, utc(2026, 11, 9, 8, 0), TOM),
        (WEEKLY, utc(2026, 11, 23, 8, 0), ANA),
        (WEEKLY, utc(2026, 11, 2, 7, 59), MEI),  # before the first turn it goes on backwards
        (DAILY, utc(2026, 11, 3, 7, 59), ANA),
        (DAILY, utc(2026, 11, 3, 8, 0), TOM),
        (replace(WEEKLY, weekday=3), utc(2026, 11, 5, 8, 0), ANA),  # the first Thursday on or after
    ],
)
def test_people_take_turns_at_the_hour_of_their_zone(rota: Rota, at: datetime, who: object) -> None:
    assert rota.turn_at(at).who == who.id  # pyright: ignore


@pytest.mark.parametrize(
    ("zone", "at", "day", "hours"),
    [
        ("Europe/Berlin", time(2, 30), date(2027, 3, 27), 23.5),  # the day after, 02:30 is skipped: it is 03:00
        ("Europe/Berlin", time(9), date(2027, 3, 27), 23),
        ("Europe/Berlin", time(2, 30), date(2027, 10, 31), 25),  # 02:30 comes twice: the first one counts
        ("America/New_York", time(9), date(2026, 10, 31), 25),
        ("Australia/Lord_Howe", time(9), date(2026, 10, 3), 23.5),
    ],
)
def test_a_turn_over_a_night_of_jumping_clocks_is_shorter_or_longer(
    zone: str, at: time, day: date, hours: float
) -> None:
    rota = replace(DAILY, zone=zone, at=at, starts_on=day)
    turn = rota.turn(0)

    assert (turn.ends - turn.begins).total_seconds() / 3600 == hours


@given(
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "Africa/Casablanca"]
    ),
    st.sampled_from(list(Every)),
    st.times(),
    st.integers(0, 6),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_every_instant_is_in_exactly_one_turn(zone: str, every: Every, at: time, day: int, now: datetime) -> None:
    rota = Rota(people=("U1", "U2"), every=every, at=at, weekday=day, zone=zone)
    turn = rota.turn_at(now)

    assert turn.begins <= now < turn.ends
    assert rota.turn(turn.number + 1).begins == turn.ends
    assert rota.turn_at(turn.ends).number == turn.number + 1


def test_a_cover_goes_before_a_turn_and_the_last_one_before_the_first() -> None:
    rotation = Rotation(id="web", rota=WEEKLY)
    first = Cover.arrange("web", TOM, NOON, NOON + 4 * HOUR, ANA.id, NOON, asks=False)
    last = Cover.arrange("web", MEI, NOON + HOUR, NOON + 2 * HOUR, ANA.id, NOON + HOUR / 2, asks=False)
    covers = (first, last)

    who = [rotation.who_at(NOON + HOUR * n, covers) for n in (-1, 0, 1, 2, 4)]
    assert who == [ANA.id, TOM.id, MEI.id, TOM.id, ANA.id]
    assert rotation.changes_after(NOON, covers) == NOON + HOUR


def test_a_swap_counts_only_once_it_is_agreed_to() -> None:
    asked = replace(Cover.arrange("web", TOM, NOON, NOON + HOUR, ANA.id, NOON, asks=True), id="W-1")
    assert not asked.holds(NOON)
    with pytest.raises(Refusal, match="Only Tom"):
        asked.answer(MEI.id, NOON, agrees=True)
    assert asked.answer(TOM.id, NOON, agrees=True).holds(NOON)
    declined = asked.answer(TOM.id, NOON, agrees=False)
    assert declined.state is CoverState.DECLINED
    with pytest.raises(Stale, match="declined already"):
        declined.answer(TOM.id, NOON, agrees=True)
    with pytest.raises(Stale, match="time that is over"):
        asked.answer(TOM.id, NOON + HOUR, agrees=True)


@pytest.mark.parametrize(
    ("begins", "ends"), [(NOON, NOON), (NOON - 2 * HOUR, NOON - HOUR), (NOON, NOON + 2400 * HOUR)]
)
def test_a_cover_is_for_a_while_that_is_not_over(begins: datetime, ends: datetime) -> None:
    with pytest.raises(Refusal):
        Cover.arrange("web", TOM, begins, ends, ANA.id, NOON, asks=False)


def test_somebodys_next_turn_is_the_one_that_they_have_or_get() -> None:
    assert WEEKLY.next_turn_of(ANA.id, NOON).begins == utc(2026, 11, 23, 8, 0)  # pyright: ignore
    assert WEEKLY.next_turn_of(TOM.id, NOON).begins == utc(2026, 11, 30, 8, 0)  # pyright: ignore
    assert WEEKLY.next_turn_of("U0NOBODY", NOON) is None
