"""Release notes made of commits: grouped by what they mean to a reader, and cut into messages, never short."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain import commits as first_lines
from bot.domain.ports import Commit

# What a reader looks for first comes first. Kinds: conventionalcommits.org and the Angular convention it grew from.
BREAKING, FEATURES, FIXES, PERFORMANCE, OTHER = "Breaking", "Features", "Fixes", "Performance", "Other"
TITLES = (BREAKING, FEATURES, FIXES, PERFORMANCE, OTHER)
_SECTION_OF = {"feat": FEATURES, "feature": FEATURES, "fix": FIXES, "bugfix": FIXES, "perf": PERFORMANCE}
_NOISE = frozenset({"chore", "ci", "build", "style", "test", "tests", "docs", "refactor"})

PAGE_WEIGHT = 2_800  # characters once escaped, headings too; a Slack section holds 3,000
FIELD_MAX = 2_900  # characters; an input of a Slack form holds 3,000
LINE_MAX = 600  # characters once escaped; a longer line goes on in the next one


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under one heading."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Sections in the order in which they are read; ``folded`` commits were only noise (merges, chores)."""

    sections: tuple[Section, ...] = ()
    folded: int = 0

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(len(section.lines) for section in self.sections)


def of_commits(commits: Iterable[Commit]) -> Notes:
    """Notes from commits, newest first as they come; each line once."""
    lines: dict[str, dict[str, None]] = {title: {} for title in TITLES}
    folded = 0
    for commit in commits:
        subject = first_lines.read(commit.subject, commit.body)
        if not subject.is_breaking and (subject.is_merge or subject.kind in _NOISE):
            folded += 1
            continue
        title = BREAKING if subject.is_breaking else _SECTION_OF.get(subject.kind, OTHER)
        scope = f"{subject.scope}: " if subject.scope else ""
        text = scope + subject.text
        number = f" (#{subject.pull_request})" if subject.pull_request else ""
        lines[title][f"{text[:1].upper()}{text[1:]}{number}"] = None
    sections = tuple(Section(title, tuple(found)) for title, found in lines.items() if found)
    return Notes(sections, folded)


def pages(notes: Notes) -> tuple[Notes, ...]:
    """The notes in parts of which each fits into one message; nothing is left out.

    A section that goes on in the next part has its heading there again.
    """
    result: list[Notes] = []
    page: list[Section] = []
    room = PAGE_WEIGHT
    for section in notes.sections:
        lines: list[str] = []
        room -= weight(section.title) + 8
        for line in (part for whole in section.lines for part in _wrapped(whole)):
            if weight(line) + 3 > room and (page or lines):
                result.append(Notes((*page, *_section(section.title, lines))))
                page, lines, room = [], [], PAGE_WEIGHT - weight(section.title) - 8
            lines.append(line)
            room -= weight(line) + 3
        page.extend(_section(section.title, lines))
    if page:
        result.append(Notes(tuple(page)))
    if result:
        result[-1] = Notes(result[-1].sections, notes.folded)
    return tuple(result)


def weight(text: str) -> int:
    """How many characters it takes once ``&``, ``<`` and ``>`` are escaped for Slack."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def fields(notes: Notes) -> dict[str, tuple[str, str]]:
    """The notes as texts to edit: field name to (label, text); a long section takes several fields."""
    result: dict[str, tuple[str, str]] = {}
    known = {section.title: section.lines for section in notes.sections}
    for title in (*TITLES, *(title for title in known if title not in TITLES)):
        parts = _parts(known.get(title, ()))
        for number, part in enumerate(parts, start=1):
            label = title if len(parts) == 1 else f"{title} ({number} of {len(parts)})"
            result[f"{title.lower()}_{number}"] = (label, part)
    return result


def edited(texts: Sequence[tuple[str, str]], folded: int) -> Notes:
    """Notes from (field name, text) as a person left them; empty lines and list marks do not count."""
    lines: dict[str, list[str]] = {title: [] for title in TITLES}
    for name, text in texts:
        title = name.rpartition("_")[0].capitalize()
        lines.setdefault(title, []).extend(
            line for each in text.split("\n") if (line := each.strip().lstrip("•*- \t").strip())
        )
    return Notes(tuple(Section(title, tuple(found)) for title, found in lines.items() if found), folded)


def _section(title: str, lines: list[str]) -> tuple[Section, ...]:
    return (Section(title, tuple(lines)),) if lines else ()


def _parts(lines: Iterable[str]) -> list[str]:
    parts = [""]
    for line in lines:
        if parts[-1] and len(parts[-1]) + 1 + len(line) > FIELD_MAX:
            parts.append(line)
        else:
            parts[-1] = f"{parts[-1]}\n{line}" if parts[-1] else line
    return parts


def _wrapped(line: str) -> list[str]:
    """The line, broken at spaces (or anywhere, where there are none) so that each part has ``LINE_MAX`` at most."""
    parts: list[str] = []
    rest = line
    while weight(rest) > LINE_MAX:
        end = LINE_MAX
        while weight(rest[:end]) > LINE_MAX:
            end -= max(1, (weight(rest[:end]) - LINE_MAX) // 5)
        space = rest.rfind(" ", 1, end)
        end = space if space > end // 2 else end
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest else parts
