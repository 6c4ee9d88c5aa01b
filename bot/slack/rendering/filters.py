"""How values become words: what is taken out of them, how they are escaped, and the filters of the templates.

Slack knows no quoting but ``&amp; &lt; &gt;``, so safety rests on one rule: whatever a template shows goes through
``Words.show``, and only a ``Token`` (made here, from checked parts) may put ``<…>`` into a message.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self, TypeAlias

from bot.slack.rendering.limits import URL_MAX

Names: TypeAlias = Callable[[str], str | None]

NAME_MAX = 80  # characters; Slack's own limit for a display name
LABEL_MAX = 300  # characters; a link's words
DATE_FORMAT = "{date_short_pretty} at {time}"
UNREADABLE = "…"
MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# C0 (but tab and newline), C1, soft hyphen, bidi marks and overrides, zero widths (a joiner may stay: it makes
# emoji and is needed in several scripts), tags, and halves of surrogate pairs, which no UTF-8 can carry.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_USER_ID = re.compile(r"[UW][A-Z0-9]+")
_USER_ID_IN_TEXT = re.compile(r"(?<![\w@])@?([UW][A-Z0-9]{4,})(?!\w)")
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,}")
_WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_URL_UNSAFE = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", '"': "%22", "`": "%60", "\\": "%5C"})

longest: ContextVar[int] = ContextVar("longest", default=40_000)
"""Characters that one interpolated value may have in the rendering that is under way."""


class Token(str):
    """Words that carry markup as well: as text they are the plain words, in mrkdwn they are ``markup``."""

    __slots__ = ("markup",)
    markup: str

    @classmethod
    def of(cls, plain: str, markup: str) -> Self:
        """``markup`` is put into messages as it is, so every part of it must have been checked or escaped."""
        token = cls(plain)
        token.markup = markup
        return token


def clean(text: str, *, lines: bool = False) -> str:
    """Text without what cannot be seen; as one line unless ``lines``, so that nobody forges a line of ours."""
    if text.isprintable():
        return text
    text = _INVISIBLE.sub("", _BREAKS.sub("\n", text))
    return text if lines else " ".join(text.split())


def cut(text: str, most: int) -> str:
    """At most ``most`` characters of plain (not yet escaped) text."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def cut_markup(text: str, most: int) -> str:
    """At most ``most`` characters of mrkdwn, never ending within an entity or a ``<…>`` token."""
    if len(text) <= most:
        return text
    end = most - 1
    opened = text.rfind("<", 0, end)
    if opened > text.rfind(">", 0, end):
        end = opened
    entity = text.rfind("&", max(0, end - 4), end)
    if entity >= 0 and ";" not in text[entity:end]:
        end = entity
    return text[:end].rstrip() + "…"


def escape(text: str) -> str:
    """What Slack wants escaped, and the backtick, which would end a code span of ours, as its look-alike."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "ˋ")


def capped(text: str, *, lines: bool = False) -> str:
    """Cleaned, and no longer than one value may be in this rendering."""
    most = longest.get()
    if len(text) <= most and text.isprintable():
        return text
    return cut(clean(text, lines=lines), most)


def plain(value: Any) -> str:  # noqa: PLR0911  one line for each kind of value
    """A value as plain words, whatever it is. Raises ``TypeError`` for what has no words (a list, an object)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, date):
        return day(value)
    raise TypeError(f"a template shows a {type(value).__name__}; it must name one of its values")


def duration(value: timedelta) -> str:
    """ "2 h 10 min": the two largest units, rounded."""
    seconds = round(abs(value.total_seconds()))
    if seconds < 1:
        return "less than 1 s"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return _two(seconds // 60, "min", seconds % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return _two(minutes // 60, "h", minutes % 60, "min")
    hours = round(seconds / 3600)
    return _two(hours // 24, "day" if hours // 24 == 1 else "days", hours % 24 if hours < 7 * 24 else 0, "h")


def when(value: datetime) -> Token:
    """An instant in the zone of whoever reads it; where Slack cannot, in UTC and saying so."""
    return _date_token(value, DATE_FORMAT, _in_utc(value))


def clock(value: datetime) -> Token:
    """An instant's time of day only, in the reader's zone."""
    return _date_token(value, "{time}", f"{value.astimezone(UTC):%H:%M} UTC")


def day(value: date | datetime, *, year: bool = True) -> str:
    """A day: of an instant in the reader's zone, of a date as it stands ("Tue 24 Nov 2026")."""
    words = f"{DAYS[value.weekday()]} {value.day} {MONTHS[value.month]}" + (f" {value.year}" if year else "")
    return _date_token(value, "{date_short_pretty}", words) if isinstance(value, datetime) else words


def ago(value: datetime | timedelta) -> str:
    """How long since: of an instant as the reader's client counts it, of a timedelta "2 h 10 min ago"."""
    if isinstance(value, timedelta):
        return f"{duration(value)} ago"
    return _date_token(value, "{ago}", _in_utc(value))


def link(text: Any, url: str | None) -> str:
    """Words that lead somewhere; only the words where the address is not one for the web."""
    words = cut(clean(plain(text)), LABEL_MAX) or UNREADABLE
    address = clean(url or "").translate(_URL_UNSAFE).replace("&", "&amp;")
    if not _WEB_ADDRESS.match(address) or len(address) > URL_MAX:
        return words
    return Token.of(words, f"<{address}|{escape(words).replace('|', '¦')}>")


def channel(value: str) -> str:
    """A channel's id as Slack shows channels; a name stays a name."""
    return Token.of(value, f"<#{value}>") if _CHANNEL_ID.fullmatch(value) else value


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 commit", "7 commits", "1,204 commits"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def lines(text: str) -> Token:
    """Somebody's words over several lines; only where nothing of ours could be forged by a line of them."""
    words = capped(text, lines=True).strip()
    return Token.of(words, escape(words))


def quote(text: str) -> Token:
    """Somebody's words as a quotation, every line of it marked."""
    words = capped(text, lines=True).strip()
    return Token.of(words, "\n".join(f">{escape(line)}" for line in words.split("\n")))


def join(values: Iterable[Any], between: str = ", ", last: str = "") -> Token:
    """Several values in a row; mentions and links among them stay what they are."""
    items = list(values)
    ends = [between] * max(0, len(items) - 2) + [last or between] * (len(items) > 1) + [""]
    return Token.of(
        "".join(plain(item) + end for item, end in zip(items, ends, strict=False)),
        "".join(markup(item) + escape(end) for item, end in zip(items, ends, strict=False)),
    )


def listing(values: Iterable[Any], most: int = 5) -> Token:
    """ "Ana, Tom and Mei", or the first five "and 12 more"."""
    items = list(values)
    if len(items) > most:
        items = [*items[:most], f"{len(items) - most:,} more"]
    return join(items, ", ", " and ")


def more(values: Sequence[Any] | int, shown: int) -> str:
    """ "and 12 more", or nothing where all are shown."""
    rest = (values if isinstance(values, int) else len(values)) - shown
    return f"and {rest:,} more" if rest > 0 else ""


def markup(value: Any) -> str:
    """A value as mrkdwn: a token's markup, everything else cleaned, cut and escaped."""
    if isinstance(value, Token):
        return value.markup
    words = plain(value)
    return words.markup if isinstance(words, Token) else escape(capped(words))


def _two(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return f"{big} {big_unit} {small} {small_unit}" if small else f"{big} {big_unit}"


def _in_utc(value: datetime) -> str:
    at = value.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month]} {at.hour:02}:{at.minute:02} UTC"


def _date_token(value: datetime, form: str, fallback: str) -> Token:
    return Token.of(fallback, f"<!date^{int(value.timestamp())}^{form}|{escape(fallback)}>")


class Words:
    """The filters that need to know how people are called."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def name(self, user_id: str) -> str:
        """How somebody is called, pinging nobody; the id where we do not know."""
        return cut(clean(self._names(user_id) or user_id), NAME_MAX)

    def mention(self, user_id: str) -> str:
        """Somebody pinged, because they must act; their plain name where the id is none of Slack's."""
        name = self.name(user_id)
        return Token.of(f"@{name}", f"<@{user_id}>") if _USER_ID.fullmatch(user_id) else name

    def named(self, text: str) -> str:
        """Text in which the ids of people we know are replaced by their names (a refusal that tells who)."""
        return _USER_ID_IN_TEXT.sub(lambda found: self._names(found[1]) or found[0], text)

    def filters(self) -> dict[str, Callable[..., Any]]:
        """All filters by the names that templates use."""
        return {
            "mention": self.mention,
            "name": self.name,
            "named": self.named,
            "when": when,
            "clock": clock,
            "day": day,
            "ago": ago,
            "duration": duration,
            "link": link,
            "channel": channel,
            "cut": lambda text, most: cut(clean(plain(text)), most),
            "plural": plural,
            "lines": lines,
            "quote": quote,
            "join": join,
            "listing": listing,
            "more": more,
        }
