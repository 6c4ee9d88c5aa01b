"""How the checks of a commit stand on GitHub: Actions, other apps' check suites, and statuses of the old kind."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.core.events import CheckKind, PipelineChanged, RunState
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.vendors.github.code_host import GitHub, _Absent, _Forbidden, _name
from bot.vendors.kit.refs import together

T = TypeVar("T")

CHECKS_MAX = 300  # of one commit and kind; a nightly workflow runs often on an old one, the newest come first

ACTIONS = "github-actions"  # the app whose check suites are the workflow runs themselves

# https://docs.github.com/en/rest/checks/suites: status, and conclusion once that is "completed"
# https://docs.github.com/en/rest/commits/statuses: state of a commit status; somebody who says "pending" has begun
_STATES = {
    "in_progress": RunState.RUNNING,
    "success": RunState.PASSED,
    "neutral": RunState.PASSED,
    "skipped": RunState.CANCELLED,
    "cancelled": RunState.CANCELLED,
    "stale": RunState.CANCELLED,
    "status:pending": RunState.RUNNING,
    "status:success": RunState.PASSED,
    "status:failure": RunState.FAILED,
    "status:error": RunState.FAILED,
}


class GitHubChecks(GitHub):
    """GitHub with the checks of its commits."""

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        """See ``CodeHost.checks``. A token needs a right for each kind; a kind that it may not read is left out."""
        refused: list[_Forbidden] = []

        async def allowed(asked: AsyncIterator[PipelineChanged]) -> list[PipelineChanged]:
            try:
                return [one async for one in asked]
            except _Forbidden as no:
                refused.append(no)
            except _Absent:
                hidden = f"GitHub has no repository {repository.github}, or hides it from us"
                refused.append(_Forbidden(hidden))
            return []

        kinds = [ask(repository, sha) for ask in (self._runs, self._suites, self._statuses)]
        found = await together(*(allowed(kind) for kind in kinds))
        if len(refused) == len(kinds):
            raise refused[0]
        return [check for kind in found for check in kind]

    async def _runs(self, repository: Repository, sha: str) -> AsyncIterator[PipelineChanged]:
        path = "actions/runs{?head_sha,per_page}"
        async for one in self._pages(repository, path, CHECKS_MAX, within="workflow_runs", head_sha=sha):
            yield _read(_run, repository, sha, one)

    async def _suites(self, repository: Repository, sha: str) -> AsyncIterator[PipelineChanged]:
        path = "commits/{ref}/check-suites{?per_page}"
        async for one in self._pages(repository, path, CHECKS_MAX, within="check_suites", ref=sha):
            if _read(_is_others, repository, sha, one):
                yield _read(_suite, repository, sha, one)

    async def _statuses(self, repository: Repository, sha: str) -> AsyncIterator[PipelineChanged]:
        path = "commits/{ref}/status{?per_page}"
        async for one in self._pages(repository, path, CHECKS_MAX, within="statuses", ref=sha):
            yield _read(_status, repository, sha, one)


def _read(how: Callable[[Repository, str, Any], T], repository: Repository, sha: str, body: Any) -> T:
    try:
        return how(repository, sha, body)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitHub's answer describes a check in a way that I do not know") from error


def _is_others(repository: Repository, sha: str, body: Any) -> bool:
    """Whether another app than Actions checks anything; GitHub makes a suite for each that might."""
    return bool(body.get("latest_check_runs_count")) and (body.get("app") or {}).get("slug", ACTIONS) != ACTIONS


def _run(repository: Repository, sha: str, body: Any) -> PipelineChanged:
    return PipelineChanged(
        source="github",
        repository=_spelled(repository, body),
        host=repository.web,
        run=str(body["id"]),
        attempt=body.get("run_attempt") or 1,
        name=body.get("name") or "",
        number=body.get("run_number") or 0,
        branch=body.get("head_branch") or "",
        sha=sha,
        state=_state(body),
        at=_instant(body),
        started_at=_started(body, "run_started_at"),
        url=body.get("html_url") or "",
        actor=(body.get("triggering_actor") or body.get("actor") or {}).get("login") or "",
        title=body.get("display_title") or "",
        kind=CheckKind.ACTIONS,
        fork=_fork(body, _spelled(repository, body)),
    )


def _suite(repository: Repository, sha: str, body: Any) -> PipelineChanged:
    page = (body.get("repository") or {}).get("html_url")
    return PipelineChanged(
        source="github",
        repository=_spelled(repository, body),
        host=repository.web,
        run=f"suite-{body['id']}",
        attempt=int(_instant(body).timestamp()),  # asked for again, a suite keeps its id
        name=body["app"].get("name") or body["app"]["slug"],
        number=0,
        branch=body.get("head_branch") or "",
        sha=sha,
        state=_state(body),
        at=_instant(body),
        started_at=_started(body, "created_at"),
        url=f"{page}/commit/{sha}/checks?check_suite_id={body['id']}" if page else "",
        kind=CheckKind.APP,
        fork=_fork_of_suite(body),
    )


def _status(repository: Repository, sha: str, body: Any) -> PipelineChanged:
    return PipelineChanged(
        source="github",
        repository=_name(repository),
        host=repository.web,
        # A context is said of every commit anew, and each time it is said with an id of its own; the newest counts.
        run=f"status-{body['context']}@{sha}",
        attempt=int(body["id"]),
        name=body["context"],
        number=0,
        branch="",
        sha=sha,
        state=_STATES.get(f"status:{body['state']}", RunState.QUEUED),
        at=_instant(body),
        url=body.get("target_url") or "",
        kind=CheckKind.STATUS,
    )


def _fork(body: Any, repository: str) -> str:
    """The repository that a run's commit is from, where that is another one."""
    if "head_repository" not in body:
        return ""
    head = (body["head_repository"] or {}).get("full_name") or "a fork that is gone"
    return "" if head.casefold() == repository.casefold() else head


def _fork_of_suite(body: Any) -> str:
    """ "a fork" where GitHub knows neither a branch of ours with the commit nor a pull request of one; as webhooks do.

    https://docs.github.com/en/rest/checks/suites: a push to a fork has no ``head_branch``.
    """
    heads = [((one.get("head") or {}).get("repo") or {}).get("id") for one in body.get("pull_requests") or ()]
    ours = (body.get("repository") or {}).get("id")
    return "" if body.get("head_branch") or (ours is not None and ours in heads) else "a fork"


def _spelled(repository: Repository, body: Any) -> str:
    """As webhooks spell it, so that both tell of the same run; the team file may write it in another case."""
    return (body.get("repository") or {}).get("full_name") or _name(repository)


def _state(body: Any) -> RunState:
    if body["status"] == "completed":
        return _STATES.get(body.get("conclusion") or "", RunState.FAILED)
    return _STATES.get(body["status"], RunState.QUEUED)


def _started(body: Any, field: str) -> datetime | None:
    told = body.get(field)
    return datetime.fromisoformat(told).astimezone(UTC) if told else None


def _instant(body: Any) -> datetime:
    return datetime.fromisoformat(body.get("updated_at") or body["created_at"]).astimezone(UTC)
