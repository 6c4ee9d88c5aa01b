"""Deployments that are registered on GitLab and carried out by whoever listens there.

https://docs.gitlab.com/api/deployments/
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bot.core.deploy_targets import GitLabDeployment, filled
from bot.core.events import RunState
from bot.core.run_references import GITLAB, deployment_reference, id_in
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Order, Report, Taken, Unsure
from bot.vendors.gitlab.client import WHO, GitLabCalls
from bot.vendors.kit.http import Refused, items_in, link, said, text_in
from bot.vendors.kit.placeholders import values_of

_STATES = {
    "created": RunState.QUEUED,
    "blocked": RunState.QUEUED,
    "success": RunState.PASSED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
    "skipped": RunState.CANCELLED,
}  # else running
_NOTES = {"blocked": "waits for an approval on GitLab", "canceled": "cancelled on GitLab"}
_CLOCKS = timedelta(minutes=1)  # by which theirs and ours may differ


class GitLabDeployments:
    """A ``Carrier`` for ``GitLabDeployment``."""

    def __init__(self, calls: GitLabCalls) -> None:
        self._calls = calls

    async def start(self, how: GitLabDeployment, order: Order) -> Taken:
        """See ``Carrier.start``."""
        sha, version = order.values.get("sha", ""), order.ref or order.values["version"]
        if not sha:
            raise NotTaken(f"{WHO} wants the commit of a deployment, and that of {said(version)} is not known")
        data = {
            "environment": filled(how.environment, values_of(order)),
            "sha": sha,
            "ref": version,
            "tag": await self._is_tag(order, version),
            "status": "running",
        }
        answer = await self._calls.start(order.repository, "/deployments", data)
        if not isinstance(answer.get("id"), int):
            raise Unsure(f"{WHO} answered something that is not an answer of its API; it may have begun")
        return _taken(order, answer["id"], answer)

    async def find(self, how: GitLabDeployment, order: Order) -> Taken | None:
        """See ``Carrier.find``. GitLab keeps no word of ours with a deployment, so whose it is is told by exclusion.

        It is ours if it is of this commit, was made over the API since the start, and is the only such.
        """
        query = {"environment": filled(how.environment, values_of(order)), "order_by": "id", "sort": "desc"}
        found = items_in(await self._calls.get(order.repository, "/deployments", per_page="50", **query))
        ours = [
            one
            for one in found
            if one.get("sha") == order.values.get("sha")
            and _is_since(one, order.at)
            and not one.get("deployable")  # else a pipeline's job made it
            and isinstance(one.get("id"), int)
        ]
        return _taken(order, ours[0]["id"], ours[0]) if len(ours) == 1 else None

    async def look(self, how: GitLabDeployment, order: Order) -> Report | None:
        """See ``Carrier.look``."""
        deployment = id_in(order.reference)
        if not deployment.isdecimal():
            raise HostUnreachable(f"{WHO} has no deployment called {said(deployment)}")
        body = await self._calls.get(order.repository, f"/deployments/{deployment}")
        status = text_in(body, "status")
        if not status:
            raise HostUnreachable(f"{WHO}'s answer describes a deployment in a way that I do not know")
        state = _STATES.get(status, RunState.RUNNING)
        return Report(state, note=_NOTES.get(status, ""), url=_page(order, body))

    async def stop(self, how: GitLabDeployment, order: Order) -> bool:
        """See ``Carrier.stop``: there is no way to tell whoever carries it out."""
        return False

    async def _is_tag(self, order: Order, version: str) -> bool:
        try:
            await self._calls.get(order.repository, f"/repository/tags/{quote(version, safe='')}")
        except Refused as refused:
            if refused.status == 404:
                return False
            raise NotTaken(str(refused)) from None
        except HostUnreachable as trouble:
            raise NotTaken(str(trouble)) from None
        return True


def _is_since(one: Mapping[str, Any], at: datetime) -> bool:
    try:
        made = datetime.fromisoformat(text_in(one, "created_at"))
    except ValueError:
        return False
    return made.tzinfo is not None and made >= at - _CLOCKS


def _taken(order: Order, deployment: int, body: Any) -> Taken:
    reference = deployment_reference(GITLAB, order.repository.gitlab or "", deployment)
    return Taken(reference, _page(order, body))


def _page(order: Order, body: Any) -> str:
    """Its environment's page, which lists its deployments; deployments over the API have none of their own."""
    environment = body.get("environment") if isinstance(body, dict) else None
    number = environment.get("id") if isinstance(environment, dict) else None
    web = order.repository.gitlab_api.rstrip("/").removesuffix("/api/v4")
    return link(f"{web}/{order.repository.gitlab}/-/environments/{number}") if isinstance(number, int) else ""
