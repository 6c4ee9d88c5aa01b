"""Deployments that a pipeline on GitLab carries out. https://docs.gitlab.com/api/pipelines/ and …/api/jobs/"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from bot.core.deploy_targets import GitLabPipeline, filled
from bot.core.events import RunState
from bot.core.run_references import GITLAB, id_in, run_reference
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Order, Report, Taken, Unsure
from bot.vendors.gitlab.client import WHO, GitLabCalls
from bot.vendors.kit.http import Refused, items_in, link, said, text_in
from bot.vendors.kit.placeholders import bound_to, ref_of, values_of

MARK = "EIGHTBELLS_DEPLOYMENT"  # the variable that names the start
LOOKED_THROUGH = 10  # pipelines whose variables are asked for, a request each
_SHORT = 12  # characters of a commit

_STATES = {
    **dict.fromkeys(
        ("created", "waiting_for_resource", "preparing", "pending", "manual", "scheduled"), RunState.QUEUED
    ),
    "success": RunState.PASSED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
    "skipped": RunState.CANCELLED,
}  # else it is under way: running, canceling, waiting_for_callback
_NOTES = {
    "manual": "waits for somebody to start a manual job on GitLab",
    "scheduled": "waits for a delayed job on GitLab",
    "canceled": "cancelled on GitLab",
    "skipped": "skipped on GitLab",
}
_TOO_LONG = frozenset({"job_execution_timeout", "stuck_or_timeout_failure"})


class GitLabPipelines:
    """A ``Carrier`` for ``GitLabPipeline``."""

    def __init__(self, calls: GitLabCalls) -> None:
        self._calls = calls

    async def start(self, how: GitLabPipeline, order: Order) -> Taken:
        """See ``Carrier.start``. What was approved is a commit, and GitLab takes the name of a branch or tag.

        So what the name stands for is looked up before, and compared with what GitLab took after; between the two a
        branch may have moved. A ref of its own (``main``) holds the pipeline; its variables say what is deployed.
        """
        values = values_of(order)
        ref, sha = ref_of(how.ref, order), bound_to(how.ref, order)
        if sha:
            await self._must_be(order, ref, sha)
        variables = {name: filled(value, values) for name, value in how.variables.items()} | {MARK: order.run}
        data = {"ref": ref, "variables": [{"key": name, "value": value} for name, value in variables.items()]}
        pipeline = await self._calls.start(order.repository, "/pipeline", data)
        if not isinstance(pipeline.get("id"), int):
            raise Unsure(f"{WHO} answered something that is not an answer of its API; it may have begun")
        if sha and pipeline.get("sha") != sha:
            await self._take_back(order, ref, pipeline, sha)
        return _taken(order, pipeline)

    async def find(self, how: GitLabPipeline, order: Order) -> Taken | None:
        """See ``Carrier.find``: by the variable that names the start, among the newest of the same branch or tag."""
        query = {"ref": ref_of(how.ref, order), "source": "api", "per_page": str(LOOKED_THROUGH)}
        for pipeline in items_in(await self._calls.get(order.repository, "/pipelines", **query)):
            if isinstance(pipeline.get("id"), int):
                path = f"/pipelines/{pipeline['id']}/variables"
                variables = items_in(await self._calls.get(order.repository, path))
                if any(one.get("key") == MARK and one.get("value") == order.run for one in variables):
                    return _taken(order, pipeline)
        return None

    async def look(self, how: GitLabPipeline, order: Order) -> Report | None:
        """See ``Carrier.look``. A pipeline of another commit than what was approved is never said to have passed."""
        path = f"/pipelines/{_id(order)}"
        pipeline = await self._calls.get(order.repository, path)
        status, url = text_in(pipeline, "status"), link(text_in(pipeline, "web_url"))
        if not status or not text_in(pipeline, "sha"):
            raise HostUnreachable(f"{WHO}'s answer describes a pipeline in a way that I do not know")
        state = _STATES.get(status, RunState.RUNNING)
        if other := _other_commit(bound_to(how.ref, order), pipeline):
            return Report(RunState.FAILED if state is RunState.PASSED else state, note=other, url=url)
        if state is not RunState.FAILED:
            return Report(state, note=_NOTES.get(status, ""), url=url)
        timed_out, note, lines = await self._failure(order, path)
        if not note and (wrong := text_in(pipeline, "yaml_errors")):
            note = self._calls.said(wrong)
        return Report(state, timed_out, note, lines, url)

    async def stop(self, how: GitLabPipeline, order: Order) -> bool:
        """See ``Carrier.stop``."""
        await self._calls.post(order.repository, f"/pipelines/{_id(order)}/cancel")
        return True

    async def _must_be(self, order: Order, ref: str, sha: str) -> None:
        """Raises ``NotTaken`` unless the branch or tag stands at this commit."""
        path = f"/repository/commits/{quote(ref, safe='')}"
        try:
            stands_at = text_in(await self._calls.get(order.repository, path), "id")
        except Refused as refused:
            no_such = f"{WHO} has no branch or tag {said(ref)}, or hides it from us"
            raise NotTaken(no_such if refused.status == 404 else str(refused)) from None
        except HostUnreachable as trouble:
            raise NotTaken(str(trouble)) from None
        if stands_at != sha:
            raise NotTaken(
                f"{said(ref)} stands at {_short(stands_at)} on {WHO}, not at {_short(sha)}, which was asked for"
            )

    async def _take_back(self, order: Order, ref: str, pipeline: Mapping[str, Any], sha: str) -> None:
        """It began another commit than what was approved. Raises ``NotTaken``, or ``Unsure`` where it runs on."""
        took, wanted = _short(pipeline.get("sha")), _short(sha)
        what = f"{said(ref)} moved: {WHO} began {took} instead of {wanted}"
        try:
            left = await self._calls.post(order.repository, f"/pipelines/{pipeline['id']}/cancel")
        except HostUnreachable as trouble:
            raise Unsure(f"{what}, and I could not cancel its pipeline {pipeline['id']}: {trouble}") from None
        # GitLab answers 200 whatever becomes of the jobs; only an end is one.
        if text_in(left, "status") != "canceled":
            raise Unsure(f"{what}; I told it to cancel its pipeline {pipeline['id']}, which has not ended yet")
        raise NotTaken(f"{what}, so I cancelled its pipeline {pipeline['id']}")

    async def _failure(self, order: Order, path: str) -> tuple[bool, str, tuple[str, ...]]:
        """Whether time was up, which jobs failed, and how the first one's log ends."""
        query = {"scope[]": "failed", "per_page": "100"}
        try:
            jobs = items_in(await self._calls.get(order.repository, f"{path}/jobs", **query))
        except HostUnreachable:
            return False, "", ()
        failed = sorted((job for job in jobs if not job.get("allow_failure")), key=_number)
        timed_out = any(job.get("failure_reason") in _TOO_LONG for job in failed)
        note = self._calls.said(", ".join(text_in(job, "name") for job in failed))
        lines: tuple[str, ...] = ()
        if failed and isinstance(failed[0].get("id"), int):
            with suppress(HostUnreachable):
                lines = tuple(await self._calls.tail(order.repository, f"/jobs/{failed[0]['id']}/trace"))
        return timed_out, f"{note} failed" if note else "", lines


def _other_commit(wanted: str, pipeline: Any) -> str:
    took = text_in(pipeline, "sha")
    return f"it is of {_short(took)}, not of {_short(wanted)}" if wanted and took != wanted else ""


def _taken(order: Order, pipeline: Mapping[str, Any]) -> Taken:
    reference = run_reference(GITLAB, order.repository.gitlab or "", pipeline["id"])
    return Taken(reference, link(pipeline.get("web_url")))


def _id(order: Order) -> str:
    pipeline = id_in(order.reference)
    if not pipeline.isdecimal():
        raise HostUnreachable(f"{WHO} has no pipeline called {said(pipeline)}")
    return pipeline


def _number(job: Mapping[str, Any]) -> int:
    number = job.get("id")
    return number if isinstance(number, int) else 0


def _short(sha: object) -> str:
    return said(sha, most=_SHORT + 1).removesuffix("…")[:_SHORT] if sha else "no commit"
