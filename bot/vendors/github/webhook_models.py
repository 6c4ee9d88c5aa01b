"""The fields that we read of GitHub's webhook bodies, and no others."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from bot.vendors.kit.webhooks import Model


def _aware(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("it is in no year that we can count") from None


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


Instant = Annotated[datetime | None, AfterValidator(_aware)]
Words = Annotated[str, BeforeValidator(_or_empty)]


class User(Model):
    """A GitHub account."""

    login: str


class RepositoryId(Model):
    """A repository by its number."""

    id: int | None = None


class Repository(RepositoryId):
    """``full_name`` is ``owner/name``."""

    full_name: str
    html_url: Words = ""


class Envelope(Model):
    """What every event has."""

    action: str = ""
    repository: Repository
    sender: User


class Workflow(Model):
    """The definition that a run is a run of."""

    name: Words = ""


class WorkflowRun(Model):
    """One run; ``status`` says where it is, ``conclusion`` how it ended."""

    id: int
    name: Words = ""
    display_title: Words = ""
    run_number: int = 0
    run_attempt: int = 1
    head_branch: Words = ""
    head_sha: str
    status: str
    conclusion: str | None = None
    updated_at: Instant = None
    run_started_at: Instant = None
    html_url: Words = ""
    head_repository: Repository | None = None

    def fork_of(self, repository: str) -> str:
        """The repository that its commit is from, where that is another one; a fork may be gone by now."""
        if "head_repository" not in self.model_fields_set:
            return ""
        head = self.head_repository.full_name if self.head_repository else "a fork that is gone"
        return "" if head.casefold() == repository.casefold() else head


class WorkflowRunEvent(Envelope):
    """``workflow_run``: requested, in_progress or completed."""

    workflow_run: WorkflowRun
    workflow: Workflow | None = None


class Head(Model):
    """The branch that a pull request brings."""

    ref: str
    sha: str


class PullRequest(Model):
    """A pull request; ``merged`` tells a merged one from a closed one."""

    number: int
    state: str = Field(pattern="^(open|closed)$")
    title: str
    body: str | None = None
    merged: bool = False
    merge_commit_sha: str | None = None
    head: Head
    user: User | None = None
    updated_at: Instant = None
    html_url: Words = ""


class PullRequestEvent(Envelope):
    """``pull_request``, whatever happened to it."""

    pull_request: PullRequest


class Review(Model):
    """One review; ``state`` is its verdict."""

    id: int
    state: str
    user: User | None = None
    submitted_at: Instant = None
    html_url: Words = ""


class ReviewedPullRequest(Model):
    """What was reviewed."""

    number: int
    title: Words = ""


class PullRequestReviewEvent(Envelope):
    """``pull_request_review``."""

    review: Review
    pull_request: ReviewedPullRequest


class CommitAuthor(Model):
    """``username`` is there where the e-mail belongs to an account."""

    name: str | None = None
    username: str | None = None


class PushCommit(Model):
    """One commit of a push."""

    id: str
    message: str
    timestamp: Instant = None
    author: CommitAuthor


class PushEvent(Model):
    """``push``, of a branch or a tag; a deploy key has no sender."""

    ref: str
    before: str
    after: str
    forced: bool = False
    deleted: bool = False
    commits: list[PushCommit] = Field(default_factory=list)
    head_commit: PushCommit | None = None
    repository: Repository
    sender: User | None = None


class Release(Model):
    """A release on GitHub."""

    tag_name: str
    name: str | None = None
    draft: bool = False
    author: User | None = None
    published_at: Instant = None
    html_url: Words = ""


class ReleaseEvent(Envelope):
    """``release``."""

    release: Release


class Deployment(Model):
    """What is to be deployed."""

    id: int
    sha: str
    ref: str
    environment: str
    description: Words = ""
    creator: User | None = None
    created_at: Instant = None


class DeploymentEvent(Envelope):
    """``deployment``: somebody asked for one."""

    deployment: Deployment


class DeploymentStatus(Model):
    """Where that deployment is."""

    state: str
    environment: Words = ""
    description: Words = ""
    log_url: Words = ""
    target_url: Words = ""
    updated_at: Instant = None


class DeploymentStatusEvent(Envelope):
    """``deployment_status``."""

    deployment_status: DeploymentStatus
    deployment: Deployment
