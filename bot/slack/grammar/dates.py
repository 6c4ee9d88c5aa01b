"""Reads the instants and days that people type, in their own time zone; dateparser does the parsing."""

import logging
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.core.refusals import NotUnderstood
from bot.slack.grammar.suggest import alike


class NoTime(NotUnderstood):
    """Words that do not even look like a time."""


AHEAD_MAX = timedelta(days=5 * 366)
MORNING = time(9)  # what a day without a time of day means, where an instant is wanted
LENGTH_MAX = 60  # characters; longer is prose, and dateparser would look for a date in all of it
NUMBERS_MAX = 8  # 2026-12-31 09:00:00 +01:00 has as many; dateparser tries what each of them could be

_LEADING = re.compile(r"^(?:until|till|by|on|at|before|from)\s+", re.IGNORECASE)
_WEEKS = re.compile(r"\b(\d{1,3})\s*w(?:ks?)?\b", re.IGNORECASE)
_DOTTED = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})?(?=\s|$)")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/\d{2,4})?\b")
_DAY_NAME = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|tomorrow|today"
_BARE_HOUR = re.compile(rf"^(.*\b(?:{_DAY_NAME})\b.*?)\s+(?:at\s+)?(\d{{1,2}})$", re.IGNORECASE)
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b", re.IGNORECASE)
_SPAN = re.compile(
    r"\d\s*(?:h|m|s|hours?|hrs?|min(?:ute)?s?|sec(?:ond)?s?)\b|\ban? (?:hour|minute)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_CALENDAR = re.compile(
    r"\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|now|today|tomorrow|tonight|yesterday|noon|midnight|morning|afternoon|evening|night|hours"
    r"|second|sec|min|hour|hr|day|week|wk|fortnight|month|mo|year|yr|decade|centur)",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\d[:.]\d\d|\d\s*[ap]\.?m\b|midnight", re.IGNORECASE)

_TIME_WORDS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    *(
        "today",
        "tomorrow",
        "tonight",
        "noon",
        "midnight",
        "never",
        "week",
        "month",
        "hour",
        "minutes",
        "next",
        "end",
    ),
    *("january", "february", "april", "june", "july", "august", "september", "october", "november", "december"),
)

_log = logging.getLogger(__name__)


def read_when(text: str, now: datetime, zone: ZoneInfo, *, field: str | None = None) -> datetime:
    """The future instant that the text names, aware, UTC.

    A day without a time of day means 09:00 of it. Raises ``NotUnderstood`` for what is no date, is past, or is
    more than five years away.
    """
    words = _as_parsed(text, field)
    found = _found(text, words, now, zone, field)
    local = found.astimezone(zone)
    if local.time() == time(0) and not (_CLOCK.search(words) or _SPAN.search(words)):
        found = local.replace(hour=MORNING.hour)
    if found <= now:
        local = found.astimezone(zone)
        raise NotUnderstood(
            f"“{text}” ({local:%a %-d %b %Y %H:%M}) is in the past. Name a later time.", field=field
        )
    return found.astimezone(UTC)


def read_day(text: str, now: datetime, zone: ZoneInfo, *, field: str | None = None, past: bool = False) -> date:
    """The day that the text names, today or later; with ``past`` today or earlier.

    Raises ``NotUnderstood`` as ``read_when`` does.
    """
    day = _found(text, _as_parsed(text, field), now, zone, field, past=past).astimezone(zone).date()
    today = now.astimezone(zone).date()
    if past and day > today:
        raise NotUnderstood(
            f"“{text}” ({day:%a %-d %b %Y}) is yet to come. Name today or an earlier day.", field=field
        )
    if not past and day < today:
        raise NotUnderstood(
            f"“{text}” ({day:%a %-d %b %Y}) is in the past. Name today or a later day.", field=field
        )
    return day


def may_be(text: str) -> bool:
    """Whether a text could name a time at all, told without dateparser, which takes milliseconds.

    What has neither a number nor a word of the calendar in it does not.
    """
    words = _LEADING.sub("", text.strip())
    if not words or len(words) > LENGTH_MAX or words.isdecimal():
        return False
    return any(letter.isdigit() for letter in words) or _CALENDAR.search(words) is not None


def warm() -> None:
    """Load the parser and its tables (about 0.3 s), so that the first person does not wait for them."""
    _parse("tomorrow 09:00", datetime(2026, 1, 1))  # noqa: DTZ001 - dateparser wants a naive base


def _found(
    text: str, words: str, now: datetime, zone: ZoneInfo, field: str | None, *, past: bool = False
) -> datetime:
    if _SPAN.search(words) and not _CLOCK.search(words):
        # Hours and minutes are counted on the clock that has no summer time: "in 2 h" is 2 h later, always.
        found = _parse(words, now.astimezone(UTC).replace(tzinfo=None, microsecond=0))
        aware = found and (found if found.tzinfo else found.replace(tzinfo=UTC))
    else:
        base = now.astimezone(zone).replace(tzinfo=None, microsecond=0)
        found = _parse(words, base, past=past)
        found = found if past else _this_week(found, base, words)
        aware = found and (found if found.tzinfo else found.replace(tzinfo=zone))
    if not aware:
        raise _not_a_date(text, field)
    if not now - AHEAD_MAX * 20 < aware < now + AHEAD_MAX:
        raise NotUnderstood(f"“{text}” is too far away: I plan at most five years ahead.", field=field)
    return aware


def _as_parsed(text: str, field: str | None) -> str:
    words = _LEADING.sub("", text.strip())
    if not words or len(words) > LENGTH_MAX or words.isdecimal() or len(_NUMBER.findall(words)) > NUMBERS_MAX:
        raise _not_a_date(text, field)
    slashed = _SLASHED.search(words)
    if slashed and max(int(slashed[1]), int(slashed[2])) <= 12:
        raise NotUnderstood(f"“{text}” could be read two ways. Write the day as 2026-12-31 or 31 Dec.", field=field)
    words = _WEEKS.sub(r"\1 weeks", words)
    words = _BARE_HOUR.sub(r"\1 \2:00", words)
    return _DOTTED.sub(_dotted, words)


def _dotted(found: re.Match[str]) -> str:
    month = int(found[2])
    if not 1 <= month <= 12:
        return found[0]
    return f"{found[1]} {date(2000, month, 1):%B} {found[3] or ''}".rstrip()


def _this_week(found: datetime | None, base: datetime, words: str) -> datetime | None:
    # dateparser takes the name of today's weekday as the one next week, even when its time is still to come.
    week = timedelta(days=7)
    if found and not found.tzinfo and _WEEKDAY.search(words) and "next" not in words.casefold():
        earlier = found - week
        if earlier > base and earlier.date() == base.date():
            return earlier
    return found


@lru_cache(maxsize=1024)
def _parse(words: str, base: datetime, *, past: bool = False) -> datetime | None:
    import dateparser  # noqa: PLC0415 - takes 0.2 s to load, and most calls name no date

    settings = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": "past" if past else "future",
        "PREFER_DAY_OF_MONTH": "first",
        "DATE_ORDER": "DMY",
    }
    try:
        return dateparser.parse(words, languages=["en"], settings=settings)  # pyright: ignore[reportArgumentType]
    except Exception:  # noqa: BLE001 - a parser of free words meets words that its authors did not think of
        _log.debug("dateparser failed", exc_info=True)
        return None


def _not_a_date(text: str, field: str | None) -> NotUnderstood:
    begun = text[:LENGTH_MAX]
    shown = text if text == begun else begun + "…"
    meant = any(letter.isdecimal() for letter in begun) or any(alike(word, _TIME_WORDS) for word in begun.split())
    kind = NotUnderstood if meant else NoTime
    return kind(
        f"“{shown}” is no time I understand. Write it like 17:00, Mon 09:00, in 2 h, or 2026-12-31.", field=field
    )
