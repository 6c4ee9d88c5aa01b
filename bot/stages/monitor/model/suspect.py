"""Suspects: what changed where it hurts, shortly before it began to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from bot.core.ledger import Recorded
from bot.core.refusals import Refusal, Stale

LOOKED_BACK = timedelta(hours=2)
SHOWN = 5

# Ledger kinds after which a service is not what it was, and how a reader is told.
_CHANGES = {
    "deployment.succeeded": "went live",
    "deployment.failed": "failed to go live",
    "deployment_elsewhere.succeeded": "went live",
    "release.published": "was released",
    "release.published_on_host": "was released",
    "tag.pushed": "was tagged",
    "commit.pushed": "was pushed",
    "pr.merged": "was merged",
    "flag.changed": "was changed",
}
_BRANCHES = frozenset({"main", "master", "trunk", "production", "release"})  # pushes to others change no service


@dataclass(frozen=True, slots=True)
class Suspect:
    """One change. ``deployment`` is its id where it was one of ours; ``can_go_back``: that can be rolled back now."""

    what: str
    did: str
    at: datetime
    by: str = ""
    environment: str | None = None
    deployment: str = ""
    can_go_back: bool = False
    back_to: str = ""
    flag: str = ""  # the key of the flag that it shows to somebody, who could be shown it no longer


@dataclass(frozen=True, slots=True)
class Suspected:
    """What was looked for when an alert began to fire, and found."""

    began_at: datetime
    changes: tuple[Suspect, ...] = ()


@dataclass(frozen=True, slots=True)
class FailureRate:
    """How many of the deployments that went live were confirmed to have caused an alert."""

    deployments: int
    causes: int

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where nothing went live."""
        return self.causes / self.deployments if self.deployments else 0.0


def suspects_in(
    entries: Iterable[Recorded], since: datetime, until: datetime, environment: str | None
) -> tuple[Suspect, ...]:
    """The changes among these entries within this time, the newest first; each thing once, by its last entry.

    What went to another environment than the alert's is left out.
    """
    found: dict[str, Suspect] = {}
    for recorded in entries:
        did = _CHANGES.get(recorded.entry.kind)
        if did is None or not since <= recorded.at <= until:
            continue
        branch = recorded.entry.facts.get("branch")
        if branch is not None and branch not in _BRANCHES:
            continue
        names = _names(recorded)
        where = names.get("environment")
        if where and environment and where != environment:
            continue
        what = _called(names)
        if what:
            found.pop(what, None)
            found[what] = _suspect(recorded, names, what, did)
    newest_first = reversed(found.values())  # of one instant the last written comes first
    return tuple(sorted(newest_first, key=lambda one: one.at, reverse=True))


def _suspect(recorded: Recorded, names: dict[str, str], what: str, did: str) -> Suspect:
    facts = recorded.entry.facts
    if "flag" in names and facts.get("to"):
        did = f"went from {facts.get('from')} to {facts['to']}"
    return Suspect(
        what,
        did,
        recorded.at,
        recorded.entry.by,
        names.get("environment"),
        names.get("deployment", ""),
        flag=names.get("flag", "") if facts.get("share") else "",
    )


def _names(recorded: Recorded) -> dict[str, str]:
    return {subject.kind: subject.name for subject in reversed(recorded.entry.subjects)}


def _called(names: dict[str, str]) -> str:
    """ "payments v2.8.1", "org/web#812", or a short commit."""
    if "version" in names:
        return names["version"].replace("@", " ")
    if "flag" in names:
        return f"flag {names['flag']}"
    return names.get("pr") or names.get("sha", "")[:7]


class Answer(StrEnum):
    """What whoever was on an alert says of a suspect."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseQuestion:
    """Whoever was on an alert is asked of one deployment after the other whether it was it; "A-9/1" by its id.

    ``state`` is "asked" until one was it ("yes"), none was ("no"), or they do not know ("unknown").
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "service+state")

    id: str
    group_id: str
    who: str
    service: str
    suspects: tuple[Suspect, ...]
    asked_at: datetime
    at: int = 0  # which of them is asked about
    state: str = "asked"
    answered_at: datetime | None = None

    @property
    def suspect(self) -> Suspect:
        """The one that is asked about, or was it."""
        return self.suspects[min(self.at, len(self.suspects) - 1)]

    def answer(self, answer: Answer, by: str, deployment: str, at: datetime) -> Self:
        """With the answer about this deployment. Raises ``Refusal``."""
        if by != self.who:
            raise Refusal("That was asked of whoever was on the alert; nobody else can answer it.")
        if self.state != "asked" or self.suspect.deployment != deployment:
            raise Stale("You have answered that already.")
        if answer is Answer.NO and self.at + 1 < len(self.suspects):
            return replace(self, at=self.at + 1)
        return replace(self, state=str(answer), answered_at=at)
