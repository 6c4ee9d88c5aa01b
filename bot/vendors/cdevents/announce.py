"""Tells others of what went live, as CDEvents in CloudEvents over HTTP.

A ``bot.stages.deploy.model.announcement_port.Outlet``.

https://github.com/cdevents/spec/blob/v0.5.0/continuous-deployment.md and …/cloudevents-binding.md
"""

from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.announcement_port import Told
from bot.vendors.kit.http import NoAnswer, NotReached, ask

SPEC = "0.5.0"
EVENT = "0.3.0"  # of service.deployed, service.upgraded and service.rolledback alike
SOURCE = "/eightbells"  # who tells it, where we do not know our own address
LIMIT = timedelta(seconds=10)
ANSWER_MAX = 64 * 1024  # bytes; what it answers is not read
_WHO = "whoever takes CDEvents"


class CDEventsSink:
    """One address that takes CloudEvents.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        url: where they are sent.
        token: sent as a bearer's.
        source: our own address, which together with an event's id makes it one of a kind.
    """

    def __init__(
        self,
        session: ClientSession,
        url: str,
        token: str | None = None,
        *,
        source: str = "",
        limit: timedelta = LIMIT,
    ) -> None:
        self._session = session
        self._url = url
        self._token = token
        self._source = source or SOURCE
        self._limit = limit

    async def tell(self, told: Told) -> None:
        """See ``Outlet.tell``."""
        headers, body = _written(told, _event(told, self._source))
        headers["User-Agent"] = "eightbells"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = await ask(
                self._session,
                "POST",
                self._url,
                who=_WHO,
                headers=headers,
                body=body,
                limit=self._limit,
                body_max=ANSWER_MAX,
            )
        except (NotReached, NoAnswer) as error:
            raise HostUnreachable(str(error)) from None
        if answer.status >= 300:
            raise HostUnreachable(f"{_WHO} answered {answer.status}")


def artifact(told: Told) -> str:
    """What runs, as a package URL that names the commit where it is known. https://github.com/package-url/purl-spec"""
    name = f"pkg:generic/{quote(told.service, safe='')}"
    if version := told.version or told.sha:
        name += f"@{quote(version, safe='')}"
    web = _web(told.repository)
    if not web:
        return name
    code = f"git+{web}{f'@{told.sha}' if told.sha else ''}"
    return f"{name}?vcs_url={quote(code, safe='')}"


def _event(told: Told, source: str) -> dict[str, Any]:
    custom = {"version": told.version, "sha": told.sha, "url": told.url}
    return {
        "context": {
            "specversion": SPEC,
            "id": told.id,
            "source": source,
            "type": f"dev.cdevents.service.{told.kind}.{EVENT}",
            "timestamp": told.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        },
        "subject": {
            "id": f"service/{told.service}",
            "source": source,
            "content": {"environment": {"id": told.environment}, "artifactId": artifact(told)},
        },
        "customData": {"eightbells": {name: value for name, value in custom.items() if value}},
        "customDataContentType": "application/json",
    }


def _written(told: Told, event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    from cloudevents.core.bindings.http import to_structured_event  # noqa: PLC0415  slow to load
    from cloudevents.core.v1.event import CloudEvent  # noqa: PLC0415  as above

    context = event["context"]
    attributes = {
        "specversion": "1.0",
        "id": context["id"],
        "source": context["source"],
        "type": context["type"],
        "subject": event["subject"]["id"],
        "time": told.at.astimezone(UTC),
        "datacontenttype": "application/cdevents+json",
    }
    message = to_structured_event(CloudEvent(attributes, event))
    return dict(message.headers), message.body


def _web(repository: Repository) -> str:
    """Where its code is on the web; "" for one on this machine."""
    if repository.github:
        api = repository.github_api.rstrip("/")
        host = "https://github.com" if api == "https://api.github.com" else api.removesuffix("/api/v3")
        return f"{host}/{repository.github}"
    if repository.gitlab:
        return f"{repository.gitlab_api.rstrip('/').removesuffix('/api/v4')}/{repository.gitlab}"
    return ""
