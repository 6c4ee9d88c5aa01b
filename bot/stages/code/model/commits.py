"""What a commit's message says: its conventional kind, its pull request, and what its trailers tell whom."""

import re
from dataclasses import dataclass

# https://www.conventionalcommits.org/en/v1.0.0/#specification: type, optional scope, optional "!", colon, space.
_CONVENTIONAL = re.compile(
    r"^(?P<kind>[A-Za-z]+)(?:\((?P<scope>[^()\n]{1,60})\))?(?P<breaking>!)?:\s+(?P<text>\S.*)$"
)
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE:\s*(?P<text>.*)$", re.MULTILINE)
# GitHub and GitLab put the number of a squashed pull request at the end of the first line.
# The blanks before it are looked at from their first one only: from each of 10,000, it took seconds.
_SQUASHED = re.compile(r"(?<!\s)\s*\((?:#|!)(\d{1,9})\)\s*$")
_MERGE = re.compile(r"^Merge pull request #(\d{1,9}) ")
# GitLab ends a merge commit so, with the project's whole path. https://docs.gitlab.com/user/project/merge_requests/commit_templates/
_SEE = re.compile(r"^See merge request (?:[\w./-]+)?!(\d{1,9})\s*$", re.MULTILINE)
# git's own trailers: a word, a colon, and lines that go on indented. https://git-scm.com/docs/git-interpret-trailers
_TRAILER = re.compile(r"^(?P<name>[A-Za-z][A-Za-z-]{1,30}):[ \t]*(?P<text>[^\n]*(?:\n[ \t]+[^\n]+)*)", re.MULTILINE)
_CHANGE_TAG = re.compile(r"(?<!\s)\s*[(\[]C-[1-9]\d{0,8}(?:\s*,\s*C-[1-9]\d{0,8})*[)\]]")


@dataclass(frozen=True, slots=True)
class Subject:
    """A first line, read. ``kind`` is lower case and empty where the line follows no convention."""

    text: str
    kind: str = ""
    scope: str = ""
    is_breaking: bool = False
    is_merge: bool = False
    pull_request: int | None = None
    breaking: str = ""  # what its footer says is broken


def read(line: str, body: str = "") -> Subject:
    """What the first line (and the footers of ``body``) say; the text is without number, tags and kind."""
    pull_request = pull_request_in(line, body)
    is_merge = line.startswith(("Merge pull request ", "Merge branch ", "Merge remote-tracking ", "Merge tag "))
    text = _CHANGE_TAG.sub("", _SQUASHED.sub("", line)).strip()
    match = _CONVENTIONAL.match(text)
    footer = _BREAKING.search(body)
    broken = " ".join(footer["text"].split()) if footer else ""
    if match is None:
        return Subject(text or line.strip(), "", "", footer is not None, is_merge, pull_request, broken)
    return Subject(
        match["text"].strip(),
        match["kind"].lower(),
        (match["scope"] or "").strip(),
        footer is not None or match["breaking"] is not None,
        is_merge,
        pull_request,
        broken,
    )


def trailers(body: str, *names: str) -> list[str]:
    """What the trailers of these names say (their case does not matter), each on one line, in order."""
    wanted = {name.casefold() for name in names}
    if not any(name in body.casefold() for name in wanted):  # most bodies have none
        return []
    found = (match for match in _TRAILER.finditer(body) if match["name"].casefold() in wanted)
    return [said for match in found if (said := " ".join(match["text"].split()))]


def pull_request_in(line: str, body: str = "") -> int | None:
    """The number of the pull request that a message's first line names, or else the rest of it, if one does."""
    if match := _SQUASHED.search(line) or _MERGE.match(line):
        return int(match[1])
    seen = _SEE.findall(body)  # a squashed branch may hold merges of its own; what merged it is said last
    return int(seen[-1]) if seen else None
