"""Reads projects on GitLab, gitlab.com's or one's own server's, over its REST API."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.core.events import CheckKind, PipelineChanged, RunState
from bot.core.host_tokens import HostTokens
from bot.core.team import Repository
from bot.core.versions import newest_first
from bot.stages.code.model.commits import pull_request_in
from bot.stages.code.model.ports import Commit, HostUnreachable, RangeTooLong, RefUnknown
from bot.vendors.gitlab.host_client import Absent, Forbidden, GitLabApi, text
from bot.vendors.kit.nearest import nearest
from bot.vendors.kit.refs import commit_behind, is_plain, together

LIMIT = timedelta(seconds=15)
COMMITS_MAX = 10_000
TAGS_MAX = 1_000
RETRIES_MAX = 10  # of the newest pipelines, whose jobs are looked at
JOBS_MAX = 300
MADE_TOGETHER = timedelta(seconds=10)  # jobs that a pipeline begins with; one that is made later is tried again
PIPELINES_MAX = 300  # of one commit; a nightly schedule makes many of an old one, the newest come first

# https://docs.gitlab.com/api/pipelines/: the status of a pipeline; what is not named here has not begun
_STATES = {
    "running": RunState.RUNNING,
    "canceling": RunState.CANCELLED,
    "success": RunState.PASSED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
    "skipped": RunState.CANCELLED,
}
# The list does not tell whether a merge request's commit is a fork's; a webhook does, and then it has the last word.
_OF_A_REQUEST = "a merge request"
# Where GitLab tells of one thing by its name. https://docs.gitlab.com/api/commits/ tags/ branches/
_PLACES = {"tags": "tags", "heads": "branches", "commits": "commits"}


class GitLab:
    """A ``CodeHost`` for projects that the team file names by their whole path, such as ``harbor/shop/web``.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        tokens: let us read private projects; each goes to its own host.
        limit: how long one request may take.
        commits_max: how many commits a range may hold.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        tokens: HostTokens = HostTokens(),  # noqa: B008  frozen
        *,
        limit: timedelta = LIMIT,
        commits_max: int = COMMITS_MAX,
    ) -> None:
        self._api = GitLabApi(session, tokens, limit)
        self._commits_max = commits_max

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""

        async def look(kind: str, name: str) -> str | None:
            try:
                found = await self._api.get(repository, "repository", _PLACES[kind], name)
            except Absent:
                return None
            return text(found, "id") if kind == "commits" else text(found, "commit", "id")

        sha = await commit_behind(ref, look) if is_plain(ref) else None
        if sha is None:
            raise RefUnknown(ref, nearest(ref, await self.tags(repository)))
        return sha

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        ends = [since, until] if since else [until]
        shas = await together(*(self.resolve(repository, ref) for ref in ends))
        found = await self._api.pages(
            repository,
            "repository",
            "commits",
            most=self._commits_max + 1,
            query={"ref_name": "..".join(shas)},
        )
        if len(found) > self._commits_max:
            raise RangeTooLong(f"more than {self._commits_max} commits")
        return [_commit(one) for one in found]

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        """See ``CodeHost.files``; a renamed one by both its names."""
        asked = {"from": since, "to": until, "straight": "true"}
        try:
            body = await self._api.get(repository, "repository", "compare", query=asked)
        except Absent as absent:
            raise RefUnknown(until) from absent
        if body.get("compare_timeout"):
            raise HostUnreachable("the two are too different for GitLab to compare")
        paths = (text(one, side) for one in body.get("diffs") or () for side in ("old_path", "new_path"))
        return list(dict.fromkeys(paths))

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        newest = {"order_by": "updated", "sort": "desc"}
        found = await self._api.pages(repository, "repository", "tags", most=TAGS_MAX, query=newest)
        return newest_first([text(one, "name") for one in found])

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        """See ``CodeHost.checks``."""
        found = await self._api.pages(repository, "pipelines", most=PIPELINES_MAX, query={"sha": sha})
        checks = [_pipeline(repository, one) for one in found]
        again = await together(*(self._tried_again(repository, check) for check in checks[:RETRIES_MAX]))
        return [*again, *checks[RETRIES_MAX:]]

    async def _tried_again(self, repository: Repository, check: PipelineChanged) -> PipelineChanged:
        """With its attempt: a pipeline that is retried keeps its id, only its newest jobs tell of it."""
        try:
            jobs = await self._api.pages(repository, "pipelines", check.run, "jobs", most=JOBS_MAX)
        except (Absent, Forbidden):
            return check
        begun = max((_instant(text(job, "created_at")) for job in jobs), default=None)
        if begun is None or check.started_at is None or begun - check.started_at <= MADE_TOGETHER:
            return check
        return replace(check, attempt=int(begun.timestamp()))


def _pipeline(repository: Repository, body: Any) -> PipelineChanged:
    try:
        return PipelineChanged(
            source="gitlab",
            repository=repository.gitlab or "",
            host=repository.web,
            run=str(body["id"]),
            attempt=1,
            name=body.get("name") or "pipeline",
            number=int(body.get("iid") or 0),
            branch=body.get("ref") or "",
            sha=body["sha"],
            state=_STATES.get(body["status"], RunState.QUEUED),
            at=_instant(body.get("updated_at") or body["created_at"]),
            started_at=_instant(body["created_at"]),
            url=body.get("web_url") or "",
            kind=CheckKind.PIPELINE,
            fork=_OF_A_REQUEST if (body.get("ref") or "").startswith("refs/merge-requests/") else "",
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitLab's answer describes a pipeline in a way that I do not know") from error


def _commit(body: Any) -> Commit:
    try:
        subject, _, rest = body["message"].partition("\n")
        rest = rest.strip()
        return Commit(
            body["id"],
            subject.strip(),
            rest,
            body.get("author_name") or "",
            body.get("author_email") or "",
            _instant(body["committed_date"]),
            pull_request_in(subject, rest),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitLab's answer describes a commit in a way that I do not know") from error


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told).astimezone(UTC)
