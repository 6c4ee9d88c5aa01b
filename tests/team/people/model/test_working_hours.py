from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.refusals import Refusal
from bot.team.people.model.working_hours import Hours, must_be_askable, on_weekdays
from tests.fakes import LUIS, MEI, NOON

TOKYO, YORK, BERLIN = (Hours(zone) for zone in ("Asia/Tokyo", "America/New_York", "Europe/Berlin"))


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        (BERLIN, utc(2026, 11, 24, 12), utc(2026, 11, 24, 12)),
        (BERLIN, utc(2026, 11, 24, 15, 59), utc(2026, 11, 24, 15, 59)),
        (BERLIN, utc(2026, 11, 24, 16), utc(2026, 11, 25, 8)),  # 17:00 is the end
        (TOKYO, utc(2026, 11, 24, 12), utc(2026, 11, 25, 0)),
        (YORK, utc(2026, 11, 24, 12), utc(2026, 11, 24, 14)),
        (YORK, utc(2026, 11, 27, 22), utc(2026, 11, 30, 14)),  # Friday evening
        (TOKYO, utc(2026, 11, 27, 20), utc(2026, 11, 30, 0)),  # Friday in UTC, Saturday there
        (YORK, utc(2026, 3, 6, 23), utc(2026, 3, 9, 13)),  # clocks go forward on the Sunday between
        (BERLIN, utc(2026, 10, 23, 16), utc(2026, 10, 26, 8)),  # and back, on this one
    ],
)
def test_somebody_is_asked_when_they_work(hours: Hours, at: datetime, opens: datetime):
    assert hours.next_open(at) == opens
    assert hours.is_open(at) == (at == opens)
    assert hours.is_open(opens)


@pytest.mark.parametrize(
    ("hours", "at", "morning"),
    [
        (BERLIN, utc(2026, 11, 24, 8), utc(2026, 11, 25, 8)),
        (BERLIN, utc(2026, 11, 24, 23, 30), utc(2026, 11, 26, 8)),  # it is Wednesday there
        (YORK, utc(2026, 3, 6, 20), utc(2026, 3, 9, 13)),
        (YORK, utc(2026, 10, 30, 20), utc(2026, 11, 2, 14)),
        (TOKYO, utc(2026, 11, 27, 3), utc(2026, 11, 30, 0)),
    ],
)
def test_the_next_morning_is_that_of_their_next_working_day(hours: Hours, at: datetime, morning: datetime):
    assert hours.next_morning(at) == morning


@pytest.mark.parametrize(
    ("hours", "at", "then"),
    [
        (BERLIN, utc(2026, 11, 24, 12), utc(2026, 11, 26, 12)),
        (BERLIN, utc(2026, 11, 27, 12), utc(2026, 12, 1, 12)),  # Friday, Monday, Tuesday
        (BERLIN, utc(2026, 11, 28, 12), utc(2026, 12, 2, 8)),  # a Saturday counts from Monday's morning
        (YORK, utc(2026, 3, 5, 15), utc(2026, 3, 9, 14)),  # 10:00 there before and after
    ],
)
def test_working_days_are_counted_where_somebody_is(hours: Hours, at: datetime, then: datetime):
    assert hours.after_days(at, 2) == then


def test_days_off_are_passed_over():
    away = Hours("Europe/Berlin", lambda day: on_weekdays(day) and day != date(2026, 11, 25))

    assert away.next_morning(NOON) == utc(2026, 11, 26, 8)
    assert away.after_days(NOON, 1) == utc(2026, 11, 26, 12)


def test_somebody_who_never_works_stops_nothing():
    never = Hours("Europe/Berlin", lambda _: False)

    assert never.after_days(NOON, 2) == NOON + timedelta(days=2)
    assert never.next_open(NOON) == NOON


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"is_guest": True}, "Mei is a guest, so they cannot be asked"),
        ({"is_bot": True}, "Mei is a bot"),
        ({"is_gone": True}, "Mei is no longer here"),
        ({"is_stranger": True}, "Mei is from another workspace"),
    ],
)
def test_only_full_members_are_asked(how: dict[str, bool], words: str):
    with pytest.raises(Refusal, match=words) as refused:
        must_be_askable(replace(MEI, **how), LUIS.id)
    assert refused.value.field == "unblocker"


def test_nobody_is_asked_to_unblock_themselves():
    with pytest.raises(Refusal, match="Luis is the one who is held up"):
        must_be_askable(LUIS, LUIS.id)
    must_be_askable(MEI, LUIS.id)
