"""Deployments that are registered on GitHub and carried out by whoever listens there.

https://docs.github.com/en/rest/deployments/deployments and …/deployments/statuses
"""

from collections.abc import Mapping
from typing import Any

from bot.core.deploy_targets import GitHubDeployment, filled
from bot.core.events import RunState
from bot.core.run_references import GITHUB, deployment_reference, id_in
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Order, Report, Taken, Unsure
from bot.vendors.github.client import WHO, GitHubCalls, name_of
from bot.vendors.kit import json_text
from bot.vendors.kit.http import items_in, link, names, said, text_in
from bot.vendors.kit.placeholders import values_of

_STATES = {
    "pending": RunState.QUEUED,
    "queued": RunState.QUEUED,
    "in_progress": RunState.RUNNING,
    "success": RunState.PASSED,
    "inactive": RunState.CANCELLED,
    "failure": RunState.FAILED,
    "error": RunState.FAILED,
}


class GitHubDeployments:
    """A ``Carrier`` for ``GitHubDeployment``."""

    def __init__(self, calls: GitHubCalls) -> None:
        self._calls = calls

    async def start(self, how: GitHubDeployment, order: Order) -> Taken:
        """See ``Carrier.start``."""
        values = values_of(order)
        payload = {name: filled(value, values) for name, value in how.payload.items()}
        data = {
            "ref": order.values.get("sha") or order.values["version"],
            "environment": filled(how.environment, values),
            "task": filled(how.task, values),
            "payload": payload | {"deployment": order.run},
            "description": f"{order.run} by Eightbells",
            "auto_merge": False,  # else GitHub may merge the default branch into what is to be deployed
            "required_contexts": [],  # the checks were looked at before we ask; GitHub's refusal would hide by whom
        }
        answer = await self._calls.start(order.repository, "/deployments", data)
        deployment = answer.get("id") if isinstance(answer, Mapping) else None
        if isinstance(deployment, int):
            return Taken(_reference(order, deployment))
        if message := text_in(answer, "message"):  # 202: it merged something instead
            raise NotTaken(f"{WHO} made no deployment: {self._calls.said(message).rstrip('.')}")
        raise Unsure(f"{WHO} answered something that is not an answer of its API; it may have begun")

    async def find(self, how: GitHubDeployment, order: Order) -> Taken | None:
        """See ``Carrier.find``: by the name of the start in its payload or description."""
        values = values_of(order)
        sha, version = order.values.get("sha", ""), order.values["version"]
        found = await self._calls.get(
            order.repository,
            "/deployments{?sha,ref,environment,task,per_page}",
            **({"sha": sha} if sha else {"ref": version}),
            environment=filled(how.environment, values),
            task=filled(how.task, values),
            per_page="100",
        )
        ours = [one["id"] for one in items_in(found) if _is_of(one, order.run) and isinstance(one.get("id"), int)]
        return Taken(_reference(order, ours[0])) if len(ours) == 1 else None

    async def look(self, how: GitHubDeployment, order: Order) -> Report | None:
        """See ``Carrier.look``: its newest status."""
        deployment = id_in(order.reference)
        if not deployment.isdecimal():
            raise HostUnreachable(f"{WHO} has no deployment called {said(deployment)}")
        body = await self._calls.get(
            order.repository, f"/deployments/{deployment}/statuses" + "{?per_page}", per_page="100"
        )
        statuses = sorted(items_in(body), key=_number, reverse=True)
        if not statuses:
            return Report(RunState.QUEUED, note="nobody has taken it up yet")
        newest = statuses[0]
        state = _STATES.get(text_in(newest, "state"), RunState.RUNNING)
        # GitHub makes a deployment inactive when a later one succeeds: it was live before that.
        if state is RunState.CANCELLED and any(one.get("state") == "success" for one in statuses):
            state = RunState.PASSED
        url = link(newest.get("log_url")) or link(newest.get("target_url"))
        return Report(state, note=self._calls.said(text_in(newest, "description")), url=url)

    async def stop(self, how: GitHubDeployment, order: Order) -> bool:
        """See ``Carrier.stop``: there is no way to tell whoever carries it out."""
        return False


def _is_of(deployment: Mapping[str, Any], run: str) -> bool:
    payload = deployment.get("payload")
    if isinstance(payload, str):  # older servers give it as it was sent
        try:
            payload = json_text.loaded(payload)
        except ValueError:
            payload = None
    return text_in(payload, "deployment") == run or names(deployment.get("description"), run)


def _number(status: Mapping[str, Any]) -> int:
    number = status.get("id")
    return number if isinstance(number, int) else 0


def _reference(order: Order, deployment: int) -> str:
    return deployment_reference(GITHUB, name_of(order.repository), deployment)
