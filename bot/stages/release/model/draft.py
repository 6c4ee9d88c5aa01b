"""Drafts release notes in three voices from commits and their pull requests: one source line for each change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.stages.code.model.commits import Subject, read, trailers
from bot.stages.code.model.ports import Commit, MergedPull
from bot.stages.deploy.model.changes_shipped import login_of
from bot.stages.plan.model.change import change_ids_in
from bot.stages.release.model.notes import Line, Notes, Section, Voice

# What a reader looks for first comes first. Kinds: conventionalcommits.org and the Angular convention it grew from.
BREAKING, FEATURES, FIXES, PERFORMANCE, OTHER = "Breaking", "Features", "Fixes", "Performance", "Other"
TITLES = (BREAKING, FEATURES, FIXES, PERFORMANCE, OTHER)
_SECTION_OF = {"feat": FEATURES, "feature": FEATURES, "fix": FIXES, "bugfix": FIXES, "perf": PERFORMANCE}
_NOISE = frozenset({"chore", "ci", "build", "style", "test", "tests", "docs", "refactor"})

# Labels as GitHub, GitLab and Kubernetes call them; what stands before "/" or ":" ("kind/bug") does not count.
_LABELLED = {
    "breaking": BREAKING,
    "breaking-change": BREAKING,
    "feature": FEATURES,
    "enhancement": FEATURES,
    "bug": FIXES,
    "bugfix": FIXES,
    "fix": FIXES,
    "performance": PERFORMANCE,
    "perf": PERFORMANCE,
}
_LABELLED_NOISE = frozenset({"skip-changelog", "no-changelog", "ignore-for-release", "no-release-note", "internal"})

# What people write where they mean that there is nothing to say.
NOTHING = frozenset({"none", "no", "n/a", "na", "-", "nothing"})
TEXT_MAX = 2_000  # characters of one line, as of a form's input


@dataclass(frozen=True, slots=True)
class Brought:
    """One change that a release brings, by what tells it from others. Its number is its place, from 1 on."""

    number: int
    sha: str
    text: str
    author: str = ""
    login: str = ""
    pull_request: int | None = None
    changes: tuple[str, ...] = ()
    title: str = OTHER
    more_shas: tuple[str, ...] = ()  # of commits that say the same

    @property
    def name(self) -> str:
        """What it is called across drafts: its pull request, else its commit."""
        return f"#{self.pull_request}" if self.pull_request else self.sha


@dataclass(frozen=True, slots=True)
class Drafted:
    """Notes by voice, what they tell of, and how many commits were only noise (merges, chores)."""

    notes: Mapping[Voice, Notes]
    brought: tuple[Brought, ...] = ()
    folded: int = 0
    unsaid: tuple[int, ...] = ()  # numbers of those of which nobody has said whether customers should know


@dataclass(slots=True)
class _Told:
    """One change with what each voice says of it."""

    brought: Brought
    operators: list[str] = field(default_factory=list[str])
    customers: list[str] = field(default_factory=list[str])


def of_commits(
    commits: Iterable[Commit], pulls: Mapping[int, MergedPull] | None = None, *, mark: str = "#"
) -> Drafted:
    """A draft from commits, newest first as they come; each line once.

    ``mark`` is what the code host writes before the number of a pull request.
    """
    told: dict[tuple[str, str], _Told] = {}
    folded = 0
    for commit in commits:
        one = _told(commit, (pulls or {}).get(commit.pull_request or 0))
        if one is None:
            folded += 1
            continue
        key = (one.brought.title, one.brought.text)
        if key not in told:
            one.brought = replace(one.brought, number=len(told) + 1)
            told[key] = one
            continue
        known = told[key]
        known.brought = _joined(known.brought, one.brought)
        known.operators += (text for text in one.operators if text not in known.operators)
        known.customers += (text for text in one.customers if text not in known.customers)
    every = list(told.values())
    return Drafted(
        {
            Voice.ENGINEERS: _by_title(
                (one.brought.title, _engineers(one, mark), one.brought.number) for one in every
            ),
            Voice.OPERATORS: _by_title(
                (one.brought.title, text, one.brought.number) for one in every for text in _operators(one)
            ),
            Voice.CUSTOMERS: _by_title(
                ("", text, one.brought.number) for one in every for text in one.customers if not says_nothing(text)
            ),
        },
        tuple(one.brought for one in every),
        folded,
        tuple(one.brought.number for one in every if not one.customers),
    )


def says_nothing(text: str) -> bool:
    """Whether a trailer or an answer says that there is nothing to say."""
    return text.strip().rstrip(".").casefold() in NOTHING


def _told(commit: Commit, pull: MergedPull | None) -> _Told | None:
    subject = read(commit.subject, commit.body)
    words = commit.body if pull is None else f"{commit.body}\n\n{pull.body}"
    for_customers = _said(words, "Release-Note", "Release-Notes")
    for_operators = _said(words, "Ops-Note", "Ops-Notes", "Migration")
    if pull is not None and pull.title.strip():
        mended = read(pull.title, words)
        subject = replace(mended, pull_request=commit.pull_request, is_merge=subject.is_merge)
    labels = _labels(pull)
    speaks = any(not says_nothing(text) for text in (*for_customers, *for_operators))
    if not speaks and not subject.is_breaking and BREAKING not in labels and _is_noise(subject, pull, labels):
        return None
    brought = Brought(
        0,
        commit.sha,
        _line(subject),
        commit.author[:80],
        (pull.author if pull else "") or commit.login or login_of(commit.author, commit.email),
        commit.pull_request,
        change_ids_in(f"{commit.subject}\n{words}"),
        _title(subject, labels),
    )
    operators = [text for text in for_operators if not says_nothing(text)]
    if subject.breaking and subject.breaking not in operators:
        operators.insert(0, subject.breaking[:TEXT_MAX])
    return _Told(brought, operators, for_customers)


def _said(words: str, *names: str) -> list[str]:
    return [text[:TEXT_MAX] for text in dict.fromkeys(trailers(words, *names))]


def _labels(pull: MergedPull | None) -> list[str]:
    """What the labels make of it: headings, and "" for noise."""
    found: list[str] = []
    for label in pull.labels if pull else ():
        bare = label.casefold().replace(":", "/").rpartition("/")[2].strip().replace(" ", "-")
        if bare in _LABELLED_NOISE:
            found.append("")
        elif bare in _LABELLED:
            found.append(_LABELLED[bare])
    return found


def _is_noise(subject: Subject, pull: MergedPull | None, labels: list[str]) -> bool:
    if "" in labels:
        return True
    if subject.is_merge and (pull is None or not labels):  # its commits speak for themselves
        return True
    return subject.kind in _NOISE and not labels


def _title(subject: Subject, labels: list[str]) -> str:
    if subject.is_breaking:
        return BREAKING
    named = [label for label in TITLES if label in labels]
    return named[0] if named else _SECTION_OF.get(subject.kind, OTHER)


def _line(subject: Subject) -> str:
    scope = f"{subject.scope}: " if subject.scope else ""
    text = (scope + subject.text)[:TEXT_MAX]
    return f"{text[:1].upper()}{text[1:]}"


def _engineers(one: _Told, mark: str) -> str:
    number = one.brought.pull_request
    return f"{one.brought.text} ({mark}{number})" if number else one.brought.text


def _operators(one: _Told) -> list[str]:
    """What was written for them; else what customers will ask them about, in the customers' words where there are."""
    if one.operators:
        return [f"{one.brought.text}: {text}" for text in one.operators]
    if one.brought.title == OTHER:
        return []
    return [text for text in one.customers if not says_nothing(text)] or [one.brought.text]


def _joined(first: Brought, second: Brought) -> Brought:
    """The same said twice is one change, known by all of its commits."""
    return replace(
        first,
        more_shas=(*first.more_shas, second.sha),
        pull_request=first.pull_request or second.pull_request,
        changes=tuple(dict.fromkeys((*first.changes, *second.changes))),
    )


def _by_title(lines: Iterable[tuple[str, str, int]]) -> Notes:
    """Lines under their headings; what is said of several changes is said once."""
    sections: dict[str, dict[str, Line]] = {title: {} for title in ("", *TITLES)}
    for title, text, number in lines:
        sections[title].setdefault(text, Line(text, number))
    return Notes(tuple(Section(title, tuple(found.values())) for title, found in sections.items() if found))
