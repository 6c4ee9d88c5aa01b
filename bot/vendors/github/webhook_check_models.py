"""The fields that we read of what GitHub tells of check suites and commit statuses, and no others."""

from pydantic import Field

from bot.vendors.github.webhook_models import Envelope, Instant, RepositoryId, Words
from bot.vendors.kit.webhooks import Model

A_FORK = "a fork"  # which one GitHub does not say


class Message(Model):
    """What a commit says."""

    message: Words = ""


class App(Model):
    """Who checks; ``slug`` is its name in addresses."""

    name: str
    slug: Words = ""


class SuitedHead(Model):
    """Where the commits of a pull request are."""

    repo: RepositoryId | None = None


class SuitedPullRequest(Model):
    """A pull request whose newest commit was checked."""

    head: SuitedHead | None = None


class CheckSuite(Model):
    """What one app found in one commit; ``conclusion`` is how it ended."""

    id: int
    pull_requests: list[SuitedPullRequest] = Field(default_factory=list)
    head_branch: Words = ""
    head_sha: str
    conclusion: Words = ""
    app: App
    created_at: Instant = None
    updated_at: Instant = None
    latest_check_runs_count: int | None = None
    head_commit: Message | None = None

    def fork_of(self, repository: int | None) -> str:
        """ "a fork" where GitHub knows no branch of this repository (by id) with the commit, nor a pull request of one.

        https://docs.github.com/en/rest/checks/suites: a push to a fork has no ``head_branch``.
        """
        heads = [one.head.repo.id for one in self.pull_requests if one.head and one.head.repo]
        return "" if self.head_branch or (repository is not None and repository in heads) else A_FORK


class CheckSuiteEvent(Envelope):
    """``check_suite``."""

    check_suite: CheckSuite


class StatusCommit(Model):
    """The commit that a status is of."""

    commit: Message | None = None


class BranchHead(Model):
    """The newest commit of a branch."""

    sha: Words = ""


class StatusBranch(Model):
    """A branch that holds the commit."""

    name: Words = ""
    commit: BranchHead | None = None


class StatusEvent(Envelope):
    """``status``: what a context says of a commit."""

    id: int
    sha: str
    context: str
    state: str
    target_url: Words = ""
    updated_at: Instant = None
    commit: StatusCommit | None = None
    branches: list[StatusBranch] | None = None
