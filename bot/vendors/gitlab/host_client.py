"""Speaks GitLab's REST API (version 4), on gitlab.com or on a server of one's own. docs.gitlab.com/api/rest"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.core.host_tokens import HostTokens
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.vendors.kit import json_text
from bot.vendors.kit.bodies import body_of
from bot.vendors.kit.http import BODY_MAX

STRANGE = "GitLab answered something that is not an answer of its API"
PAGE = 100  # GitLab's largest page; docs.gitlab.com/api/rest/#pagination

Query = Mapping[str, str | int | Sequence[str]]


class Absent(HostUnreachable):
    """GitLab has nothing by that name, or hides it from us: it tells the two apart for nobody."""


class Forbidden(HostUnreachable):
    """The token lacks a right."""


class Exists(HostUnreachable):
    """What was to be made is there."""


class GitLabApi:
    """Asks about one project at a time. Every trouble is a ``HostUnreachable``; the token is in none of them.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        tokens: let us read private projects, and write; each goes to its own host.
        limit: how long one request may take.
    """

    def __init__(self, session: aiohttp.ClientSession, tokens: HostTokens, limit: timedelta) -> None:
        self._session = session
        self._tokens = tokens
        self._limit = limit

    async def get(self, repository: Repository, *path: str, query: Query | None = None) -> Mapping[str, Any]:
        """What one thing is. Raises ``Absent``, ``Forbidden``, ``HostUnreachable``."""
        return _one((await self._ask("GET", repository, path, query))[0])

    async def pages(self, repository: Repository, *path: str, most: int, query: Query | None = None) -> list[Any]:
        """Items of every page, up to about ``most`` of them. Raises as ``get`` does."""
        found: list[Any] = []
        page = "1"
        while page and len(found) < most:
            asked = {**(query or {}), "per_page": PAGE, "page": page}
            items, page = await self._ask("GET", repository, path, asked)
            if not isinstance(items, list):
                raise HostUnreachable(STRANGE)
            if not items:
                break
            found += items
        return found

    async def send(
        self, method: str, repository: Repository, *path: str, body: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What became of it. Raises ``Exists`` and as ``get`` does."""
        return _one((await self._ask(method, repository, path, body=body))[0])

    async def _ask(
        self,
        method: str,
        repository: Repository,
        path: Sequence[str],
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[Any, str]:
        """The answer, and the number of the page after it ("" after the last)."""
        token = self._tokens.of(repository.gitlab_api)
        try:
            async with (
                asyncio.timeout(self._limit.total_seconds()),
                self._session.request(
                    method,
                    _address(repository, path),
                    params=_flat(query or {}),
                    json=body,
                    headers={"PRIVATE-TOKEN": token} if token else {},
                    # It would carry our token to wherever it is sent.
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status >= 300:
                    raise _refusal(repository, answer)
                return await _read(await body_of(answer.content, BODY_MAX + 1)), _page_after(answer)
        except TimeoutError as error:
            raise HostUnreachable(f"GitLab did not answer within {self._limit.total_seconds():g} s") from error
        except aiohttp.ClientError as error:
            raise HostUnreachable("GitLab cannot be reached from here") from error


async def _read(body: bytes) -> Any:
    if len(body) > BODY_MAX:
        raise HostUnreachable(f"GitLab answered more than {BODY_MAX // 2**20} MiB")
    try:
        return await json_text.loaded_of_code(body)
    except json_text.TooMuch as problem:
        raise HostUnreachable(f"GitLab's answer is not read: {problem}") from None
    except ValueError:
        raise HostUnreachable(STRANGE) from None


def text(body: Any, *fields: str) -> str:
    """What a field (of a field …) holds. Raises ``HostUnreachable`` where that is no text."""
    value = body
    for field in fields:
        value = value.get(field) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        raise HostUnreachable(f"GitLab's answer has no {'.'.join(fields)}")
    return value


def _one(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise HostUnreachable(STRANGE)
    return body


def _address(repository: Repository, path: Sequence[str]) -> URL:
    """Each part is one segment, slashes and all. docs.gitlab.com/api/rest/#namespaced-paths"""
    parts = (quote(part, safe="") for part in ("projects", repository.gitlab or "", *path))
    return URL(f"{repository.gitlab_api.rstrip('/')}/{'/'.join(parts)}", encoded=True)


def _flat(query: Query) -> list[tuple[str, str]]:
    return [
        (name, str(one))
        for name, value in query.items()
        for one in ([value] if isinstance(value, str | int) else value)
    ]


def _page_after(answer: aiohttp.ClientResponse) -> str:
    if (told := answer.headers.get("x-next-page")) is not None:
        return told.strip()
    # Proxies may let only standard headers through.
    following = answer.links.get("next", {}).get("url")
    return URL(str(following)).query.get("page", "") if following else ""


def _refusal(repository: Repository, answer: aiohttp.ClientResponse) -> HostUnreachable:
    status, wait = answer.status, answer.headers.get("retry-after")
    known = {
        401: HostUnreachable("GitLab does not accept our token"),
        403: Forbidden("GitLab refuses us; the token lacks a right"),
        404: Absent(f"GitLab has no project {repository.gitlab}, or hides it from us"),
        409: Exists("GitLab has that already"),
        429: HostUnreachable("GitLab asks us to slow down" + (f" ({wait} s)" if wait else "")),
    }
    if status in known:
        return known[status]
    if status < 400:
        return HostUnreachable(
            f"GitLab sends us elsewhere ({status}); the project {repository.gitlab} may have another path by now"
        )
    return HostUnreachable(f"GitLab answered {status}")
