"""Texts that are meant to keep a parser busy: every keyword and every kind of value, over and over."""

from collections.abc import Iterator
from datetime import timedelta

from bot.core.people import Person
from bot.slack.grammar import Around
from bot.slack.grammar.line import Line
from tests.fakes import ANA, NOON, PEOPLE, TEAM

CROWD = tuple(Person(f"U{n:06}", f"Person {n} von und zu Hafen") for n in range(300))

VALUES = (
    *("y", "web", "production", "Ana", "<@U0TOM>", "<@U0TOM|tom>", "<#C1|ops>", "<!here>", "<https://a.b/c|d>"),
    *(
        "17:00",
        "Mon 09:00",
        "in 2 h",
        "2026-12-31",
        "1/2",
        "31.12.",
        "tomorrow",
        "2 w",
        "next week",
        "at 9",
        "mon 9",
    ),
    *("1", "99%", "1h 30min", "C-4", "#4", "org/web#812", "a/b/c!4", "v1.4.0", "1.", "0" * 50),
    *("plan = pro and", 'country in DE, AT and "', 'a="b"', 'a=~"(a+)+"', "a=b,", "1%,", "PAY-12", "me"),
)
MARKS = (
    *(
        '"',
        '"a ',
        '""',
        "“x”y ",
        "“",
        "'",
        "' ",
        "« ",
        "«",
        "»",
        "<",
        "<@U1|",
        "<>",
        "<a",
        ">",
        "&",
        "&amp;",
        "&lt;",
    ),
    *(
        "|",
        "@",
        "#",
        "{",
        "[",
        "(",
        "\\",
        "`",
        "*",
        "_",
        "~",
        "—",
        "-",
        ",",
        ";",
        ":",
        ".",
        "/",
        "=",
        "%",
        "$",
        "\n",
    ),
    *("\r\n", "\u2028", "\u00a0", "\u200b", "\u202e", "\u200d", "\ufeff", "\ud800", "\x00", "\t"),
    *("a\u0300\u0316", "\u0300\u0316", "\u0345", "\ufb2c", "\u0958", "ﷺ", "İ", "ß", "漢", "ا", "🏳️‍🌈", "٣", "²"),
)


class Crowd:
    """Names of a large workspace, found as the directory finds them."""

    def __init__(self) -> None:
        self._people = (*PEOPLE, *CROWD)
        self._named: dict[str, list[Person]] = {}
        for person in self._people:
            self._named.setdefault(person.name.casefold(), []).append(person)

    def name_of(self, id: str) -> str | None:
        return next((person.name for person in PEOPLE if person.id == id), None)

    def people_named(self, name: str) -> list[Person]:
        return self._named.get(name.casefold(), [])

    def everybody(self) -> tuple[Person, ...]:
        return self._people


def around() -> Around:
    """What a hostile text is read in."""
    return Around(TEAM, ANA, NOON + timedelta(0), Crowd())


def pieces(line: Line) -> Iterator[str]:
    """What is worth repeating to this line."""
    keywords = [segment.name for segment in line.segments if segment.keyword]
    for value in ("y", "1", "in 2 h", "Ana", "<@U0TOM>"):
        yield from (f"{keyword} {value} " for keyword in keywords)
    yield from (f"{keyword} " for keyword in keywords)
    if keywords:
        yield " ".join(f"{keyword} y" for keyword in keywords) + " "
        yield " ".join(keywords) + " "
    yield from (f"{value} " for value in VALUES)
    yield from VALUES
    yield from MARKS
    yield from (f"{mark} " for mark in MARKS)


def beginnings(line: Line) -> Iterator[str]:
    """What may stand before it: nothing, or each keyword once, so that every slot gets the long text."""
    yield ""
    yield from (f"x {segment.name} " for segment in line.segments if segment.keyword)


def starts_and_pieces(line: Line) -> Iterator[tuple[str, str]]:
    """What a text may begin with, and what it then repeats."""
    repeated = list(dict.fromkeys(pieces(line)))
    return ((start, piece) for start in beginnings(line) for piece in repeated)


def long_text(start: str, piece: str, size: int) -> str:
    """The piece over and over, so that the whole has so many characters."""
    return (start + piece * (size // len(piece) + 1))[:size]
