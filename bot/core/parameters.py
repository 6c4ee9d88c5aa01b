"""What a verb can be told: the kinds of its parameters, and how each is declared."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a parameter's words mean, and so how they are read, completed and shown in a form."""

    TEXT = "text"  # any words, up to the next keyword of the usage line
    WORD = "word"  # one word, or several in quotes
    SERVICE = "service"  # a service of the team file
    ENVIRONMENT = "environment"  # an environment of the team file
    PERSON = "person"  # a mention, @name, or "me"; read as a user id
    WHEN = "when"  # an instant in the caller's zone; read as an aware UTC datetime
    DATE = "date"  # a day in the caller's zone; read as a date
    NUMBER = "number"  # a whole number
    CHOICE = "choice"  # one of ``choices``
    ID = "id"  # an id of ours such as C-41; ``prefix`` says of what
    # In forms that a verb makes itself:
    PEOPLE = "people"  # several people; read as a tuple of user ids
    CHANNEL = "channel"  # a conversation; read as its id
    TIME = "time"  # a time of day; read as a ``time``
    CHOICES = "choices"  # several of ``choices``; read as a tuple


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ``<name>`` of a usage line."""

    kind: Kind
    about: str = ""  # one phrase; label or hint in the form
    choices: tuple[str, ...] = ()
    prefix: str = ""
    long: bool = False  # several lines in the form
    past: bool = False  # of a day: today or earlier; else today or later


def text(about: str = "", *, long: bool = False) -> Parameter:
    """Any words, up to the next keyword."""
    return Parameter(Kind.TEXT, about, long=long)


def word(about: str = "") -> Parameter:
    """One word (a version, a label), or several in quotes."""
    return Parameter(Kind.WORD, about)


def service(about: str = "") -> Parameter:
    """A service of the team file; an unknown one is refused with suggestions."""
    return Parameter(Kind.SERVICE, about)


def environment(about: str = "") -> Parameter:
    """An environment of the team file; an unknown one is refused with suggestions."""
    return Parameter(Kind.ENVIRONMENT, about)


def person(about: str = "") -> Parameter:
    """Somebody; read as a user id."""
    return Parameter(Kind.PERSON, about)


def when(about: str = "") -> Parameter:
    """ "17:00", "Mon 09:00", "in 2 h" in the caller's zone; read as an aware UTC datetime in the future."""
    return Parameter(Kind.WHEN, about)


def day(about: str = "") -> Parameter:
    """ "2026-12-31", "Friday", "in 3 weeks" in the caller's zone; read as a ``date``."""
    return Parameter(Kind.DATE, about)


def past_day(about: str = "") -> Parameter:
    """ "2026-11-01", "Monday", "2 weeks ago" in the caller's zone, today or earlier; read as a ``date``."""
    return Parameter(Kind.DATE, about, past=True)


def number(about: str = "") -> Parameter:
    """A whole number."""
    return Parameter(Kind.NUMBER, about)


def choice(*choices: str, about: str = "") -> Parameter:
    """One of a few words."""
    return Parameter(Kind.CHOICE, about, choices=choices)


def people(about: str = "") -> Parameter:
    """Several people, in a form; read as a tuple of user ids."""
    return Parameter(Kind.PEOPLE, about)


def channel(about: str = "") -> Parameter:
    """A conversation, in a form; read as its id."""
    return Parameter(Kind.CHANNEL, about)


def time_of_day(about: str = "") -> Parameter:
    """A time of day, in a form; read as a ``datetime.time``."""
    return Parameter(Kind.TIME, about)


def choices(*choices: str, about: str = "") -> Parameter:
    """Several of a few words, in a form; read as a tuple."""
    return Parameter(Kind.CHOICES, about, choices=choices)


def id_of(prefix: str, about: str = "") -> Parameter:
    """An id of ours with this prefix: ``C-41``, ``c-41`` and ``41`` are all read as "C-41"."""
    return Parameter(Kind.ID, about, prefix=prefix)
