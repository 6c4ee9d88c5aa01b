"""Deployments that a workflow on GitHub carries out, started by ``workflow_dispatch``.

https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event and …/actions/workflow-runs
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot.core.deploy_targets import GitHubWorkflow, filled
from bot.core.events import RunState
from bot.core.run_references import GITHUB, id_in, run_reference
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Order, Report, Taken, Unsure
from bot.vendors.github.client import WHO, GitHubCalls, name_of
from bot.vendors.kit.http import Refused, items_in, link, names, said, text_in
from bot.vendors.kit.placeholders import bound_to, ref_of, values_of

_QUEUED = frozenset({"queued", "requested", "waiting", "pending"})
_ENDS = {
    "success": RunState.PASSED,
    "cancelled": RunState.CANCELLED,
    "skipped": RunState.CANCELLED,
}  # else failure, timed_out, startup_failure, action_required, neutral, stale
_FAILED = frozenset({"failure", "timed_out", "startup_failure"})
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ")  # GitHub begins each line of a log so
_DETAILS = "return_run_details"


class GitHubWorkflows:
    """A ``Carrier`` for ``GitHubWorkflow``."""

    def __init__(self, calls: GitHubCalls) -> None:
        self._calls = calls

    async def start(self, how: GitHubWorkflow, order: Order) -> Taken:
        """See ``Carrier.start``."""
        values = values_of(order)
        data: dict[str, Any] = {"ref": await self._ref(how, order), _DETAILS: True}
        if how.inputs:
            data["inputs"] = {name: filled(value, values) for name, value in how.inputs.items()}
        path = "/actions/workflows/{file}/dispatches"
        try:
            answer = await self._calls.start(order.repository, path, data, file=how.file)
        except NotTaken as refused:
            if _DETAILS not in str(refused):
                raise
            # An older GitHub Enterprise server refuses what it does not know. Nothing runs, so this is no repeat.
            del data[_DETAILS]
            answer = await self._calls.start(order.repository, path, data, file=how.file)
        run = answer.get("workflow_run_id") if isinstance(answer, Mapping) else None
        if isinstance(run, int):
            return Taken(_reference(order, run), link(text_in(answer, "html_url")))
        # One that is older and does not refuse it answers 204: taken, and not told as which run.
        with suppress(HostUnreachable):
            if found := await self.find(how, order):
                return found
        raise Unsure(
            f"{WHO} has taken it and not told as which run; I look for one whose name has {order.run} in it"
        )

    async def find(self, how: GitHubWorkflow, order: Order) -> Taken | None:
        """See ``Carrier.find``.

        A run is ours if its name says so (``run-name: Deploy ${{ inputs.deployment }}``). Without that, somebody may
        have started the same workflow in the same second, and whose it is cannot be told.
        """
        path = "/actions/workflows/{file}/runs{?event,per_page}"
        body = await self._calls.get(
            order.repository, path, file=how.file, event="workflow_dispatch", per_page="100"
        )
        ours = [
            run
            for run in items_in(body, "workflow_runs")
            if names(run.get("display_title"), order.run) or names(run.get("name"), order.run)
        ]
        if len(ours) != 1 or not isinstance(ours[0].get("id"), int):
            return None
        return Taken(_reference(order, ours[0]["id"]), link(ours[0].get("html_url")))

    async def look(self, how: GitHubWorkflow, order: Order) -> Report | None:
        """See ``Carrier.look``. A run of another commit than was approved is ended, and never said to have passed."""
        path = f"/actions/runs/{_id(order)}"
        run = await self._calls.get(order.repository, path)
        status, conclusion, url = text_in(run, "status"), text_in(run, "conclusion"), link(text_in(run, "html_url"))
        if not status or not text_in(run, "head_sha"):
            raise HostUnreachable(f"{WHO}'s answer describes a run in a way that I do not know")
        attempt = run.get("run_attempt") if isinstance(run, Mapping) else None
        if other := _other_commit(bound_to(how.ref, order), run):
            if status != "completed":
                return Report(RunState.RUNNING, note=f"{other}{await self._ended_early(how, order)}", url=url)
            state = _ENDS.get(conclusion, RunState.FAILED)
            return Report(RunState.FAILED if state is RunState.PASSED else state, note=other, url=url)
        report = await self._report(order, path, status, conclusion)
        return replace(report, url=url, attempt=attempt if isinstance(attempt, int) else 0)

    async def _report(self, order: Order, path: str, status: str, conclusion: str) -> Report:
        if status == "waiting":
            return Report(RunState.QUEUED, note=await self._waiting_for(order, path))
        if status != "completed":
            return Report(RunState.QUEUED if status in _QUEUED else RunState.RUNNING)
        state = _ENDS.get(conclusion, RunState.FAILED)
        if state is RunState.CANCELLED:
            return Report(state, note=f"{conclusion} on GitHub")
        if state is RunState.PASSED:
            return Report(state)
        where, lines = await self._failure(order, path)
        note = where or f"it ended as {said(conclusion).replace('_', ' ') or 'nothing that GitHub names'}"
        return Report(state, conclusion == "timed_out", note, lines)

    async def stop(self, how: GitHubWorkflow, order: Order) -> bool:
        """See ``Carrier.stop``."""
        try:
            await self._calls.post(order.repository, f"/actions/runs/{_id(order)}/cancel")
        except Refused as refused:
            if refused.status != 409:  # it has ended by itself
                raise
        return True

    async def _ended_early(self, how: GitHubWorkflow, order: Order) -> str:
        """What became of ending it; GitHub answers before the run has ended, which the next look sees."""
        try:
            await self.stop(how, order)
        except HostUnreachable as trouble:
            return f", and I could not cancel it: {trouble}"
        return ", so I told GitHub to cancel it"

    async def _must_be(self, order: Order, ref: str, sha: str) -> None:
        """Raises ``NotTaken`` unless the branch or tag stands at this commit."""
        try:
            found = await self._calls.get(order.repository, "/commits/{ref}{?per_page}", ref=ref, per_page="1")
        except HostUnreachable as trouble:
            raise NotTaken(str(trouble)) from None
        stands_at = text_in(found, "sha")
        if stands_at != sha:
            raise NotTaken(
                f"{said(ref)} stands at {_short(stands_at)} on {WHO}, not at {_short(sha)}, which was asked for"
            )

    async def _ref(self, how: GitHubWorkflow, order: Order) -> str:
        if how.ref:
            ref, sha = ref_of(how.ref, order), bound_to(how.ref, order)
            if sha:
                await self._must_be(order, ref, sha)
            return ref
        try:
            branch = text_in(await self._calls.get(order.repository, ""), "default_branch")
        except HostUnreachable as trouble:
            raise NotTaken(str(trouble)) from None
        if not branch:
            raise NotTaken(f"{WHO} does not tell the default branch of {name_of(order.repository)}")
        return branch

    async def _waiting_for(self, order: Order, path: str) -> str:
        """Whose yes it needs; the list is not worth a failure."""
        with suppress(HostUnreachable):
            pending = items_in(await self._calls.get(order.repository, f"{path}/pending_deployments"))
            found = [text_in(each.get("environment"), "name") for each in pending]
            if places := ", ".join(said(place) for place in found if place):
                return f"waits for a reviewer of {places} on GitHub"
        return "waits for a reviewer on GitHub"

    async def _failure(self, order: Order, path: str) -> tuple[str, tuple[str, ...]]:
        """Which jobs and steps failed, and how the first one's log ends."""
        try:
            body = await self._calls.get(order.repository, path + "/jobs{?per_page}", per_page="100")
        except HostUnreachable:
            return "", ()
        failed = [job for job in items_in(body, "jobs") if job.get("conclusion") in _FAILED]
        note = self._calls.said("; ".join(_job(job) for job in failed))
        lines: tuple[str, ...] = ()
        if failed and isinstance(failed[0].get("id"), int):
            with suppress(HostUnreachable):
                log = await self._calls.tail(order.repository, f"/actions/jobs/{failed[0]['id']}/logs")
                lines = tuple(_STAMP.sub("", line) for line in log)
        return f"{note} failed" if note else "", lines


def _job(job: Mapping[str, Any]) -> str:
    steps = [text_in(step, "name") for step in items_in(job, "steps") if step.get("conclusion") in _FAILED]
    return f"{text_in(job, 'name')} ({', '.join(steps)})" if steps else text_in(job, "name")


def _other_commit(wanted: str, run: Any) -> str:
    """Between our look and GitHub's start a branch may have moved: such a run is never said to have passed."""
    took = text_in(run, "head_sha")
    return f"it is of {_short(took)}, not of {_short(wanted)}" if wanted and took != wanted else ""


def _short(sha: str) -> str:
    return said(sha)[:12] or "no commit"


def _reference(order: Order, run: int) -> str:
    return run_reference(GITHUB, name_of(order.repository), run)


def _id(order: Order) -> str:
    run = id_in(order.reference)
    if not run.isdecimal():
        raise HostUnreachable(f"{WHO} has no run called {said(run)}")
    return run
