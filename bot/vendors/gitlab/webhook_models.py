"""The fields that we read of GitLab's webhook bodies, and no others."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.vendors.kit.alerts import Words, instant
from bot.vendors.kit.webhooks import Model

# Rails writes "2016-08-12 15:23:28 UTC" or "2021-04-28 21:50:00 +0200"; other fields are ISO 8601.
_ZONE = re.compile(r" (?:(UTC)|([+-]\d{2}:?\d{2}))$")


def _instant(value: Any) -> datetime | None:
    """None for what is no instant, or cannot be one: ``instant`` knows."""
    if isinstance(value, str):
        value = _ZONE.sub(lambda found: found[2] or "+00:00", value.strip())
    return instant(value)


def _or(otherwise: Any) -> BeforeValidator:
    """Null says no more than a field that is missing."""
    return BeforeValidator(lambda value: otherwise if value is None else value)


Instant = Annotated[datetime | None, BeforeValidator(_instant)]
Number = Annotated[int, _or(0)]


class User(Model):
    """An account; GitLab hides e-mail addresses that are not public."""

    id: Number = 0
    username: Words = ""


class Project(Model):
    """``path_with_namespace`` is the path with its groups."""

    path_with_namespace: str = Field(min_length=1)
    web_url: Words = ""


class Author(Model):
    """Whom a commit names; who of GitLab's accounts that is, is not told."""

    name: Words = ""
    email: Words = ""


class Commit(Model):
    """One commit."""

    id: str
    message: Words = ""
    title: Words = ""
    timestamp: Instant = None
    author: Author | None = None


class PushEvent(Model):
    """``push`` and ``tag_push``; of more than 20 commits only the newest 20 are told."""

    ref: str
    before: str
    after: str
    checkout_sha: Words = ""
    user_name: Words = ""
    user_username: Words = ""
    user_email: Words = ""
    project: Project
    commits: list[Commit] | None = None


class LastCommit(Model):
    """The head of what a merge request brings."""

    id: Words = ""


class MergeRequest(Model):
    """``action`` is what happened to it; a change that GitLab itself made of its own accord is ``system``."""

    iid: int
    author_id: Number = 0
    title: Words = ""
    description: Words = ""
    source_branch: Words = ""
    state: str
    action: Words = ""
    system: Annotated[bool, _or(False)] = False
    merge_commit_sha: Words = ""
    squash_commit_sha: Words = ""
    last_commit: LastCommit | None = None
    updated_at: Instant = None
    url: Words = ""


class MergeRequestEvent(Model):
    """``merge_request``."""

    user: User | None = None
    project: Project
    object_attributes: MergeRequest
    assignees: list[User] | None = None
    reviewers: list[User] | None = None


class PipelineJob(Model):
    """One job of a pipeline, the newest try of it."""

    created_at: Instant = None


class Pipeline(Model):
    """``iid`` counts the pipelines of a project; a retried one keeps both numbers."""

    id: int
    iid: Number = 0
    name: Words = ""
    ref: Words = ""
    sha: str
    status: str
    created_at: Instant = None
    finished_at: Instant = None
    url: Words = ""


class PipelineRequest(Model):
    """The merge request that a pipeline is for; https://docs.gitlab.com/user/project/integrations/webhook_events/"""

    source_project_id: Number = 0
    target_project_id: Number = 0

    @property
    def fork(self) -> str:
        """Whose commit it is, where that is of another project; the project is told by its id alone."""
        is_ours = self.source_project_id == self.target_project_id
        return "" if is_ours else f"project {self.source_project_id}"


class PipelineEvent(Model):
    """``pipeline``."""

    object_attributes: Pipeline
    user: User | None = None
    project: Project
    commit: Commit | None = None
    merge_request: PipelineRequest | None = None
    builds: list[PipelineJob] | None = None


class ReleaseEvent(Model):
    """``release``; who published it is not told."""

    action: str
    tag: str = Field(min_length=1)
    name: Words = ""
    released_at: Instant = None
    project: Project
    url: Words = ""


class DeploymentEvent(Model):
    """``deployment``; the commit is told by its address."""

    deployment_id: int
    status: str
    status_changed_at: Instant = None
    deployable_url: Words = ""
    environment: Words = ""
    commit_url: Words = ""
    ref: Words = ""
    project: Project
    user: User | None = None
