"""Wall-clock schedules, held against a minute-by-minute reading of the same zones' clocks."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.refusals import NotUnderstood, Unknown
from bot.core.wall_clock import Schedule, days_named, days_shown, in_working_hours, instant
from bot.core.zones import zone_named

MINUTE = timedelta(minutes=1)
INSTANTS = st.integers(0, 5_000_000).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + minutes * MINUTE)
ZONES = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone))
DAYS = st.dates(date(2015, 1, 1), date(2036, 12, 31))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def minutes_of(day: date, zone: str) -> list[tuple[datetime, datetime]]:
    """What a zone's clocks show in each minute from the day before to the day after, by instant."""
    start = datetime.combine(day, time(), UTC) - timedelta(hours=20)
    return [
        (at, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        for at in (start + step * MINUTE for step in range(72 * 60))
    ]


def read_off(day: date, at: time, zone: str) -> datetime:
    """The first minute whose clock shows the wanted time; where none does, the first that shows a later one."""
    wanted, clocks = datetime.combine(day, at), minutes_of(day, zone)
    shown = [instant for instant, clock in clocks if clock.replace(second=0) == wanted]
    return shown[0] if shown else next(instant for instant, clock in clocks if clock > wanted)


@given(day=DAYS, at=TIMES, zone=ZONES)
@example(date(2026, 3, 29), time(2, 30), "Europe/Berlin")
@example(date(2026, 10, 25), time(2, 30), "Europe/Berlin")
@example(date(2026, 3, 8), time(2, 0), "America/New_York")
@example(date(2026, 11, 1), time(1, 59), "America/New_York")
@example(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe")
@example(date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe")
@example(date(2026, 3, 28), time(23, 30), "America/Nuuk")
@example(date(2026, 9, 6), time(0, 30), "America/Santiago")
def test_an_instant_is_what_the_zones_clocks_show(day, at, zone):
    assert instant(day, at, zone) == read_off(day, at, zone)


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (date(2026, 3, 29), "Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),  # 02:30 is skipped: 03:00
        (date(2026, 10, 25), "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # shown twice: the first
        (date(2026, 3, 30), "Europe/Berlin", datetime(2026, 3, 30, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_skipped_and_the_doubled_hour(day, zone, expected):
    assert instant(day, time(2, 30), zone) == expected


@given(weekdays=st.sets(st.integers(0, 6), min_size=1), at=TIMES, zone=ZONES, now=INSTANTS)
def test_what_follows_is_each_day_once_in_order_and_ahead(weekdays, at, zone, now):
    following = list(islice(Schedule(tuple(weekdays), at).following(now, zone), 20))

    days = [day for day, _ in following]
    assert days == sorted(set(days))
    assert all(due > now for _, due in following)
    assert {day.weekday() for day in days} == weekdays
    assert not [day for day in between(days[0], days[-1]) if day.weekday() in weekdays and day not in days]
    before = days[0] - timedelta(days=7)
    skipped = [day for day in between(before, days[0] - timedelta(days=1)) if day.weekday() in weekdays]
    assert all(instant(day, at, zone) <= now for day in skipped)


def between(first: date, last: date) -> list[date]:
    """Both and the days between them."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


@given(zones=st.lists(ZONES, max_size=5), at=TIMES, now=INSTANTS)
def test_the_first_day_ahead_is_whole_for_everybody_and_the_first_such(zones, at, now):
    schedule = Schedule((0, 1, 2, 3, 4), at)
    first = schedule.first_day_ahead(now, zones)

    assert first is not None
    assert all(schedule.instant(first, zone) > now for zone in zones)
    start = now.date() - timedelta(days=2)
    earlier = [day for day in between(start, first - timedelta(days=1)) if schedule.is_on(day)]
    if zones:
        assert all(any(schedule.instant(day, zone) <= now for zone in zones) for day in earlier)


def test_somebody_without_a_working_day_has_nothing_ahead():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert list(Schedule((0, 1), time(9)).following(now, "UTC", lambda _: False)) == []
    assert Schedule((), time(9)).first_day_ahead(now, ["UTC"]) is None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)),  # 13:00 in Berlin
        (datetime(2026, 11, 24, 3, tzinfo=UTC), datetime(2026, 11, 24, 8, tzinfo=UTC)),
        (datetime(2026, 11, 24, 16, tzinfo=UTC), datetime(2026, 11, 25, 8, tzinfo=UTC)),  # 17:00 has struck
        (datetime(2026, 11, 27, 20, tzinfo=UTC), datetime(2026, 11, 30, 8, tzinfo=UTC)),  # Friday evening
    ],
)
def test_working_hours_are_those_of_the_zone(at, expected):
    assert in_working_hours(at, "Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("text", "days", "shown"),
    [
        ("Mon-Fri", (0, 1, 2, 3, 4), "Mon–Fri"),
        ("monday, wed and Fri", (0, 2, 4), "Mon, Wed, Fri"),
        ("weekdays", (0, 1, 2, 3, 4), "Mon–Fri"),
        ("every day", (0, 1, 2, 3, 4, 5, 6), "every day"),
        ("Sun – Thu", (0, 1, 2, 3, 6), "Mon, Tue, Wed, Thu, Sun"),
        ("tuesdays", (1,), "Tue"),
        ("Mon to Wed, Fri", (0, 1, 2, 4), "Mon, Tue, Wed, Fri"),
    ],
)
def test_days_as_people_write_them(text, days, shown):
    assert days_named(text) == days
    assert days_shown(days) == shown


@pytest.mark.parametrize("text", ["", "someday", "Mon-Never", "t"])
def test_words_that_are_no_days_are_refused(text):
    with pytest.raises(NotUnderstood, match="Write days such as"):
        days_named(text)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("Europe/Berlin", "Europe/Berlin"), ("berlin", "Europe/Berlin"), ("new york", "America/New_York"),
     ("ASIA/TOKYO", "Asia/Tokyo"), ("utc", "UTC")],
)  # fmt: skip
def test_zones_as_people_name_them(text, zone):
    assert zone_named(text) == zone


def test_a_zone_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(Unknown, match="Europe/Berlin"):
        zone_named("Berlinn")
    with pytest.raises(Unknown, match="Did you mean"):
        zone_named("../../etc/passwd")
