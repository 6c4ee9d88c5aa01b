"""Times and days as people type them, in the zone of whoever types."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.core.refusals import NotUnderstood
from bot.slack.grammar.dates import read_day, read_when

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 14, 30, 7, 500, tzinfo=UTC)  # a Tuesday, 15:30 in Berlin


def local(text, now=NOW):
    return f"{read_when(text, now, BERLIN).astimezone(BERLIN):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("17:00", "Tue 2026-11-24 17:00"),
        ("17.00", "Tue 2026-11-24 17:00"),
        ("5pm", "Tue 2026-11-24 17:00"),
        ("9:00", "Wed 2026-11-25 09:00"),  # past today, so tomorrow
        ("Mon 09:00", "Mon 2026-11-30 09:00"),
        ("Mon at 9", "Mon 2026-11-30 09:00"),
        ("until Mon 09:00", "Mon 2026-11-30 09:00"),
        ("Tue 17:00", "Tue 2026-11-24 17:00"),  # today, still to come
        ("Tue 09:00", "Tue 2026-12-01 09:00"),
        ("Friday", "Fri 2026-11-27 09:00"),
        ("tomorrow 8:15", "Wed 2026-11-25 08:15"),
        ("tomorrow at 8", "Wed 2026-11-25 08:00"),
        ("in 2 h", "Tue 2026-11-24 17:30"),
        ("2h", "Tue 2026-11-24 17:30"),
        ("in 90 min", "Tue 2026-11-24 17:00"),
        ("in 3w", "Tue 2026-12-15 15:30"),
        ("2026-12-31", "Thu 2026-12-31 09:00"),
        ("2026-12-31 18:00", "Thu 2026-12-31 18:00"),
        ("2026-12-31 00:00", "Thu 2026-12-31 00:00"),
        ("31 Dec", "Thu 2026-12-31 09:00"),
        ("1.12. 10:00", "Tue 2026-12-01 10:00"),
        ("1.12.2027", "Wed 2027-12-01 09:00"),
        ("17:00 UTC", "Tue 2026-11-24 18:00"),
        ("midnight", "Wed 2026-11-25 00:00"),
    ],
)
def test_an_instant_in_the_callers_zone(typed, means):
    assert local(typed) == means


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("never", "no time I understand"),
        ("", "no time I understand"),
        ("17", "no time I understand"),
        ("24:00", "no time I understand"),
        ("30 Feb", "no time I understand"),
        ("x" * 500, "no time I understand"),
        ("2026-11-01", "in the past"),
        ("2 hours ago", "in the past"),
        ("now", "in the past"),
        ("today 14:00", "in the past"),
        ("yesterday", "in the past"),
        ("9999-12-31", "too far away"),
        ("in 99999999 years", "."),
        ("1/2", "two ways"),
    ],
)
def test_what_is_no_time_to_come_is_refused(typed, says):
    with pytest.raises(NotUnderstood, match=says):
        read_when(typed, NOW, BERLIN)


def test_two_hours_are_two_hours_on_the_night_the_clocks_go_back():
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time; at 03:00 it is 02:00 again
    assert read_when("in 2 h", before, BERLIN) == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def test_two_hours_before_midnight_are_midnight():
    late = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
    assert local("in 2 h", late) == "Wed 2026-11-25 00:00"


def test_a_time_that_the_clocks_skip_is_the_hour_after():
    before = datetime(2027, 3, 27, 20, 0, tzinfo=UTC)
    assert local("tomorrow 02:30", before) == "Sun 2027-03-28 03:30"


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("today", date(2026, 11, 24)),
        ("2026-11-24", date(2026, 11, 24)),
        ("Friday", date(2026, 11, 27)),
        ("in 3 weeks", date(2026, 12, 15)),
        ("May", date(2027, 5, 1)),
    ],
)
def test_a_day(typed, means):
    assert read_day(typed, NOW, BERLIN) == means


def test_a_day_is_the_callers_day():
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # the 25th in Berlin
    assert read_day("today", late, BERLIN) == date(2026, 11, 25)
    with pytest.raises(NotUnderstood, match="in the past"):
        read_day("2026-11-24", late, BERLIN)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-01", date(2026, 11, 1)),
        ("Monday", date(2026, 11, 23)),
        ("yesterday", date(2026, 11, 23)),
        ("today", date(2026, 11, 24)),
        ("2 weeks ago", date(2026, 11, 10)),
        ("1 Dec", date(2025, 12, 1)),
    ],
)
def test_a_past_day_is_the_last_one_of_its_name(text, day):
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert read_day(text, noon, ZoneInfo("Europe/Berlin"), past=True) == day


def test_a_day_to_come_is_no_past_day():
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    with pytest.raises(NotUnderstood, match="yet to come"):
        read_day("2026-12-01", noon, ZoneInfo("UTC"), past=True)
