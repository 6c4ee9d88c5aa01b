"""The carrier that knows whom to ask."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from aiohttp import ClientSession

from bot.core.deploy_targets import (
    Elsewhere,
    GitHubDeployment,
    GitHubWorkflow,
    GitLabDeployment,
    GitLabPipeline,
    HttpCall,
)
from bot.core.host_tokens import HostTokens
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import Carrier, NotTaken, Order, Report, Taken, Unsure
from bot.vendors.deploys.target import LIMIT as HTTP_LIMIT
from bot.vendors.deploys.target import HttpCalls
from bot.vendors.github.client import GitHubCalls
from bot.vendors.github.deployment_target import GitHubDeployments
from bot.vendors.github.workflow_target import GitHubWorkflows
from bot.vendors.gitlab.client import GitLabCalls
from bot.vendors.gitlab.deployment_target import GitLabDeployments
from bot.vendors.gitlab.pipeline_target import GitLabPipelines
from bot.vendors.kit.http import LIMIT
from bot.vendors.kit.output import Redact, as_it_is, redacted

T = TypeVar("T")


class AnyCarrier:
    """Asks GitHub, GitLab or whoever stands at an address, as the service's way to deploy says.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        github: tokens, each of which goes to its own host; ``gitlab`` too.
        http_secret: signs requests to whoever stands at an address.
        url: where those reach us.
        limit: how long one request may take.
        redact: takes secrets out of what they say, which is shown and kept.
    """

    def __init__(
        self,
        session: ClientSession,
        github: HostTokens = HostTokens(),  # noqa: B008  frozen
        gitlab: HostTokens = HostTokens(),  # noqa: B008
        http_secret: str | None = None,
        url: str = "",
        *,
        limit: timedelta = LIMIT,
        redact: Redact = as_it_is,
    ) -> None:
        self._redact = redact
        on_github = GitHubCalls(session, github, limit=limit)
        on_gitlab = GitLabCalls(session, gitlab, limit=limit)
        self._carriers: dict[type[Elsewhere], Any] = {
            GitHubWorkflow: GitHubWorkflows(on_github),
            GitHubDeployment: GitHubDeployments(on_github),
            GitLabPipeline: GitLabPipelines(on_gitlab),
            GitLabDeployment: GitLabDeployments(on_gitlab),
            HttpCall: HttpCalls(session, http_secret, url, limit=min(limit, HTTP_LIMIT)),
        }

    async def start(self, how: Elsewhere, order: Order) -> Taken:
        """See ``Carrier.start``."""
        return await self._hiding(self._for(how).start(how, order))

    async def find(self, how: Elsewhere, order: Order) -> Taken | None:
        """See ``Carrier.find``."""
        return await self._hiding(self._for(how).find(how, order))

    async def look(self, how: Elsewhere, order: Order) -> Report | None:
        """See ``Carrier.look``."""
        report = await self._hiding(self._for(how).look(how, order))
        if report is None:
            return None
        return replace(report, note=self._redact(report.note), lines=redacted(report.lines, self._redact))

    async def stop(self, how: Elsewhere, order: Order) -> bool:
        """See ``Carrier.stop``."""
        return await self._hiding(self._for(how).stop(how, order))

    async def _hiding(self, answer: Awaitable[T]) -> T:
        """Their answer; their words are in our errors too."""
        try:
            return await answer
        except (NotTaken, Unsure) as error:
            trouble: Exception = type(error)(self._redact(str(error)))
        except HostUnreachable as error:
            trouble = HostUnreachable(self._redact(str(error)))
        raise trouble  # not within the handlers: the error as it was would come along

    def _for(self, how: Elsewhere) -> Carrier:
        return self._carriers[type(how)]
