"""What happened out there, in our words: what sources make of deliveries and workflows take.

Where there is a ``repository``, ``host`` says on which code host: ``github.com``; "" where its sender does not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class AlertFired:
    """A monitoring source says that a condition holds.

    ``fingerprint`` is stable for one set of labels, ``group`` for what the source sends together. ``starts_at`` is
    None where the source gave none, or none that can be true.
    """

    source: str
    fingerprint: str
    group: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime | None
    received_at: datetime
    url: str = ""


@dataclass(frozen=True, slots=True)
class AlertResolved:
    """A monitoring source says that a condition holds no longer."""

    source: str
    fingerprint: str
    group: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    received_at: datetime
    url: str = ""


class RunState(StrEnum):
    """Where a pipeline run is."""

    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it (but a new attempt)."""
        return self in (RunState.PASSED, RunState.FAILED, RunState.CANCELLED)


class CheckKind(StrEnum):
    """Who says that something was checked, as a required check may name it: ``status:ci/unit``."""

    ACTIONS = "actions"  # a workflow of GitHub Actions
    APP = "app"  # another app's check suite on GitHub
    STATUS = "status"  # a commit status on GitHub
    PIPELINE = "pipeline"  # GitLab's
    CDEVENTS = "cdevents"  # they name no commit, so that nothing of one is required of them

    @property
    def host(self) -> str:
        """The code host that it is of, as its source is called; "" where it may be of any."""
        return "github" if self in _GITHUBS else "gitlab" if self is CheckKind.PIPELINE else ""


_GITHUBS = (CheckKind.ACTIONS, CheckKind.APP, CheckKind.STATUS)


@dataclass(frozen=True, slots=True)
class PipelineChanged:
    """A run of a pipeline was queued, started or ended.

    ``number`` counts the runs of a pipeline, 0 where nobody counts them: an id is no number. ``fork`` says whose
    commit it is about, where that is not of ``repository`` itself: "mallory/web".
    """

    source: str
    repository: str
    run: str
    attempt: int
    name: str
    number: int
    branch: str
    sha: str
    state: RunState
    at: datetime
    started_at: datetime | None = None
    url: str = ""
    actor: str = ""
    title: str = ""
    kind: CheckKind | None = None
    fork: str = ""
    host: str = ""


class PullRequestState(StrEnum):
    """Where a pull request is."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    """A pull request was opened, edited, merged or closed. ``sha`` is its head, or the merge commit once merged."""

    source: str
    repository: str
    number: int
    state: PullRequestState
    title: str
    body: str
    branch: str
    sha: str
    author: str
    actor: str
    at: datetime
    url: str = ""
    host: str = ""


class Verdict(StrEnum):
    """What a review says."""

    APPROVED = "approved"
    CHANGES_WANTED = "changes_wanted"
    REVIEWED = "reviewed"  # it comments, no more


@dataclass(frozen=True, slots=True)
class PullRequestReviewed:
    """Somebody reviewed a pull request. ``review`` is the code host's id of it."""

    source: str
    repository: str
    number: int
    review: str
    verdict: Verdict
    title: str
    actor: str
    at: datetime
    url: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class PushedCommit:
    """One commit of a push."""

    sha: str
    message: str
    author: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """Commits or a tag reached a repository. ``after`` is all zeros where the ref was deleted."""

    source: str
    repository: str
    ref: str
    before: str
    after: str
    forced: bool
    deleted: bool
    commits: tuple[PushedCommit, ...]
    actor: str
    at: datetime
    host: str = ""

    @property
    def tag(self) -> str | None:
        """The tag's name where this push was one."""
        prefix = "refs/tags/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class ReleasePublished:
    """A release was published on the code host itself."""

    source: str
    repository: str
    tag: str
    title: str
    author: str
    at: datetime
    url: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class DeploymentReported:
    """A deployment that somebody else carries out is in a new state."""

    source: str
    repository: str
    deployment: str
    environment: str
    state: RunState
    sha: str
    ref: str
    actor: str
    at: datetime
    url: str = ""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str = ""


Event: TypeAlias = (
    AlertFired
    | AlertResolved
    | PipelineChanged
    | PullRequestChanged
    | PullRequestReviewed
    | Pushed
    | ReleasePublished
    | DeploymentReported
)
FromRepository: TypeAlias = (
    PipelineChanged | PullRequestChanged | PullRequestReviewed | Pushed | ReleasePublished | DeploymentReported
)
