"""Release notes: lines under headings in one voice, cut into messages without loss, edited and struck through."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

PAGE_WEIGHT = 2_800  # characters once escaped, headings too; a Slack section holds 3,000
FIELD_MAX = 2_900  # characters; an input of a Slack form holds 3,000
LINE_MAX = 600  # characters once escaped; a longer line goes on in the next one
LINE_EXTRA = 5  # characters: its mark, its line end, and what strikes it through

_HEADING = re.compile(r"#+\s+(\S.*)")


class Voice(StrEnum):
    """For whom notes are written."""

    ENGINEERS = "engineers"
    OPERATORS = "operators"  # also support
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``number`` is the change that it tells of, the same in every voice of a release."""

    text: str
    number: int = 0
    is_struck: bool = False

    @property
    def crossed(self) -> str:
        """The text as it can stand between two tildes, which strike it through."""
        return self.text.replace("~", "∼")


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under one heading; without one where ``title`` is empty."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Sections in the order in which they are read."""

    sections: tuple[Section, ...] = ()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(len(section.lines) for section in self.sections)

    @property
    def lines(self) -> Iterator[Line]:
        """All lines, in order."""
        return (line for section in self.sections for line in section.lines)

    def struck(self, numbers: Collection[int]) -> "Notes":
        """With the lines of these changes struck through, and no others."""
        return Notes(
            tuple(
                Section(
                    each.title,
                    tuple(
                        line if line.is_struck is (line.number in numbers) else _turned(line) for line in each.lines
                    ),
                )
                for each in self.sections
            )
        )

    def with_line(self, title: str, line: Line) -> "Notes":
        """With one more line at the end of this section, instead of the one that told of the same change."""
        kept = [
            Section(each.title, tuple(one for one in each.lines if one.number != line.number))
            for each in self.sections
        ]
        if all(each.title != title for each in kept):
            kept.append(Section(title, ()))
        grown = [Section(each.title, (*each.lines, line)) if each.title == title else each for each in kept]
        return Notes(tuple(each for each in grown if each.lines))


def pages(notes: Notes) -> tuple[Notes, ...]:
    """The notes in parts of which each fits into one message; nothing is left out.

    A section that goes on in the next part has its heading there again.
    """
    result: list[Notes] = []
    page: list[Section] = []
    room = PAGE_WEIGHT
    for section in notes.sections:
        lines: list[Line] = []
        room -= weight(section.title) + 8
        for line in (part for whole in section.lines for part in _wrapped(whole)):
            if weight(line.text) + LINE_EXTRA > room and (page or lines):
                result.append(Notes((*page, *_section(section.title, lines))))
                page, lines, room = [], [], PAGE_WEIGHT - weight(section.title) - 8
            lines.append(line)
            room -= weight(line.text) + LINE_EXTRA
        page.extend(_section(section.title, lines))
    if page:
        result.append(Notes(tuple(page)))
    return tuple(result)


def weight(text: str) -> int:
    """How many characters it takes once ``&``, ``<`` and ``>`` are escaped for Slack."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def fields(notes: Notes) -> list[str]:
    """The notes as texts to edit, headings marked by ``#``; several where one input does not hold them."""
    lines: list[str] = []
    for section in notes.sections:
        lines += [f"# {section.title}"] if section.title else []
        lines += [line.text for line in section.lines]
    return _parts(lines)


def edited(before: Notes, text: str, next_number: int) -> Notes:
    """Notes as a person left them; empty lines and list marks do not count.

    A line that says the same, or stands where another one stood, still tells of that one's change; what is new is
    numbered from ``next_number`` on.
    """
    written = list(_read(text))
    numbers = _numbers(list(before.lines), [line for _, line in written], next_number)
    sections: dict[str, list[Line]] = {}
    for (title, line), number in zip(written, numbers, strict=True):
        sections.setdefault(title, []).append(Line(line, number))
    return Notes(tuple(Section(title, tuple(lines)) for title, lines in sections.items()))


def _turned(line: Line) -> Line:
    return replace(line, is_struck=not line.is_struck)


def _section(title: str, lines: list[Line]) -> tuple[Section, ...]:
    return (Section(title, tuple(lines)),) if lines else ()


def _parts(lines: Iterable[str]) -> list[str]:
    parts = [""]
    for line in lines:
        if parts[-1] and len(parts[-1]) + 1 + len(line) > FIELD_MAX:
            parts.append(line)
        else:
            parts[-1] = f"{parts[-1]}\n{line}" if parts[-1] else line
    return parts


def _read(text: str) -> Iterator[tuple[str, str]]:
    title = ""
    for each in text.split("\n"):
        line = each.strip()
        if heading := _HEADING.fullmatch(line):
            title = heading[1].strip()
        elif line := line.lstrip("•*- \t").strip():
            yield title, line


def _numbers(before: Sequence[Line], after: Sequence[str], next_number: int) -> list[int]:
    numbers = [0] * len(after)
    left = {line.text: line.number for line in reversed(before)}
    for at, text in enumerate(after):
        numbers[at] = left.pop(text, 0)
    taken = set(numbers)
    matcher = SequenceMatcher(None, _told_apart(line.text for line in before), _told_apart(after), autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "replace":
            free = [line.number for line in before[first:last] if line.number not in taken]
            for at, number in zip((n for n in range(begin, end) if not numbers[n]), free, strict=False):
                numbers[at] = number
    for at, number in enumerate(numbers):
        if not number:
            numbers[at] = next_number
            next_number += 1
    return numbers


def _told_apart(texts: Iterable[str]) -> list[tuple[str, int]]:
    """Each text with the number of those before it that are equal: of 1,500 equal lines difflib tries all pairs."""
    seen: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for text in texts:
        found.append((text, seen[text]))
        seen[text] += 1
    return found


def _wrapped(line: Line) -> list[Line]:
    """The line, broken at spaces (or anywhere, where there are none) so that each part has ``LINE_MAX`` at most."""
    if weight(line.text) <= LINE_MAX:
        return [line] if line.text else []
    parts: list[str] = []
    rest = line.text
    while weight(rest) > LINE_MAX:
        end = LINE_MAX
        while weight(rest[:end]) > LINE_MAX:
            end -= max(1, (weight(rest[:end]) - LINE_MAX) // 5)
        space = rest.rfind(" ", 1, end)
        end = space if space > end // 2 else end
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [replace(line, text=part) for part in ([*parts, rest] if rest else parts)]
