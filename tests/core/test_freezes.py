"""Freeze windows on the clocks of a zone: weeks, dates, and the days on which clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.freezes import Moment, Window, next_turn
from bot.core.refusals import NotUnderstood

WEEKEND = Window("weekend", Moment.read("Fri 16:00"), Moment.read("Mon 09:00"), "Europe/Berlin")
YEARS_END = Window("year's end", Moment.read("2026-12-20 18:00"), Moment.read("2027-01-04"), "Asia/Tokyo")
NIGHT = Window("night", Moment.read("Wed 22:00"), Moment.read("Wed 06:00"))  # ends a week later, all but 16 h


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "instant", "until"),
    [
        (WEEKEND, "2026-11-27T14:59", None),
        (WEEKEND, "2026-11-27T15:00", "2026-11-30T08:00"),
        (WEEKEND, "2026-11-29T12:00", "2026-11-30T08:00"),
        (WEEKEND, "2026-11-30T08:00", None),
        (WEEKEND, "2026-03-28T12:00", "2026-03-30T07:00"),  # clocks go forward on the Sunday
        (WEEKEND, "2026-03-27T14:59", None),
        (WEEKEND, "2026-03-27T15:00", "2026-03-30T07:00"),
        (WEEKEND, "2026-10-23T14:00", "2026-10-26T08:00"),  # and back
        (YEARS_END, "2026-12-20T08:59", None),
        (YEARS_END, "2026-12-20T09:00", "2027-01-03T15:00"),
        (YEARS_END, "2027-01-03T15:00", None),
        (NIGHT, "2026-11-25T21:00", None),
        (NIGHT, "2026-11-25T22:00", "2026-12-02T06:00"),
        (NIGHT, "2026-11-24T12:00", "2026-11-25T06:00"),
    ],
)
def test_whether_it_is_frozen_and_until_when(window: Window, instant: str, until: str | None) -> None:
    span = window.over(at(instant))

    assert (span[1] if span else None) == (at(until) if until else None)


@pytest.mark.parametrize("text", ["", "16:00", "Fri", "Fri 25:00", "2026-13-01", "someday 16:00"])
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(NotUnderstood):
        Moment.read(text)


def test_when_it_begins_next() -> None:
    assert WEEKEND.next_after(at("2026-11-25T12:00")) == at("2026-11-27T15:00")
    assert WEEKEND.next_after(at("2026-11-27T15:00")) == at("2026-12-04T15:00")


@given(st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)))
def test_an_instant_lies_in_the_stretch_that_is_told(instant: datetime) -> None:
    if span := WEEKEND.over(instant):
        assert span[0] <= instant < span[1]
        assert timedelta(hours=63) <= span[1] - span[0] <= timedelta(hours=67)


@given(st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)))
def test_nothing_changes_before_the_next_turn(instant: datetime) -> None:
    windows = (WEEKEND, YEARS_END)
    turn = next_turn(windows, instant)
    assert turn is not None
    assert turn > instant
    now = [window.over(instant) for window in windows]
    assert [window.over(turn - timedelta(seconds=1)) for window in windows] == now
    assert [window.over(turn) for window in windows] != now


def test_what_is_over_for_good_has_no_next_turn() -> None:
    assert next_turn((YEARS_END,), at("2028-01-01T00:00")) is None
    assert next_turn((), at("2028-01-01T00:00")) is None
