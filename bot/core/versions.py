"""Which of two versions is newer, by their names."""

import re
from collections.abc import Iterable

from bot.core.refusals import Refusal

_VERSION = re.compile(r"(?P<numbers>\d{1,12}(?:\.\d{1,12})*)(?P<rest>.*)$", re.DOTALL)
_PARTS = re.compile(r"(\d{1,12})")
_NAMEABLE = re.compile(r"\w[\w.+@/~^#=,-]{0,199}")

_Key = tuple[bool, tuple[int, ...], bool, tuple[tuple[bool, int, str], ...], str]


def newest_first(names: Iterable[str]) -> list[str]:
    """Names in order of their version, the newest first; names without a number come last.

    A pre-release comes before its release, as in semantic versioning: v1.4.0, v1.4.0-rc.2, v1.4.0-rc.1, v1.3.9.
    """
    return sorted(names, key=_key, reverse=True)


def is_nameable(version: str) -> bool:
    """Whether it can be a version at all: one word that no program could take for an option or two refs."""
    return _NAMEABLE.fullmatch(version) is not None and ".." not in version


def plain(version: str) -> str:
    """A branch or tag by the name that people use: "main" of "refs/heads/main" and "heads/main", "v1" of "tags/v1".

    Another repository's branch (``origin/main``) is another ref, and keeps its name.
    """
    name = version.removeprefix("refs/")
    for kind in ("heads/", "tags/"):
        if name.startswith(kind) and name != kind:
            return name.removeprefix(kind)
    return version


def in_full(version: str, kind: str) -> str:
    """The same as git writes it in full, as a branch (``heads``) or tag (``tags``), where it does not say which."""
    name = version.removeprefix("refs/")
    return f"refs/{name}" if name.startswith(("heads/", "tags/")) else f"refs/{kind}/{version}"


def _key(name: str) -> _Key:
    match = _VERSION.search(name)
    if match is None:
        return False, (), False, (), name
    rest = match["rest"].partition("+")[0]
    parts = tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in _PARTS.split(rest) if part
    )
    return True, tuple(map(int, match["numbers"].split("."))), not rest, parts, name


def must_be_nameable(version: str) -> None:
    """Raises ``Refusal`` where this cannot be a version."""
    if not is_nameable(version):
        raise Refusal(
            f"“{version}” cannot be a version: it has to be one word such as v1.4.0, main or 9f3c2a1.",
            field="version",
        )
