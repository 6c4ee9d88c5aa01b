"""Reads repositories on GitHub, or on a GitHub Enterprise server, over its REST API."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import aiohttp
from gidgethub import BadRequest, GitHubException, HTTPException, RateLimitExceeded
from gidgethub.aiohttp import GitHubAPI

from bot.domain.commits import pull_request_in
from bot.domain.ports import Commit, HostUnreachable, RangeTooLong, RefUnknown
from bot.domain.team import Repository
from bot.domain.versions import newest_first
from bot.integrations.hosts.nearest import nearest

LIMIT = timedelta(seconds=15)
COMMITS_MAX = 10_000
TAGS_MAX = 1_000
PAGE = 100  # GitHub's largest page; docs.github.com/en/rest/commits/commits

# No such thing (or hidden from us), and no such ref.
_ABSENT = frozenset({404, 422})
_REFUSED = frozenset({401, 403, 429})


class GitHub:
    """A ``CodeHost`` for repositories that the team file names as ``owner/name``.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        token: lets us read private repositories, and more often.
        limit: how long one request may take.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        token: str | None = None,
        *,
        limit: timedelta = LIMIT,
        commits_max: int = COMMITS_MAX,
    ) -> None:
        self._session = session
        self._token = token
        self._limit = limit
        self._commits_max = commits_max

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""
        if not _is_plain(ref):
            raise RefUnknown(ref, nearest(ref, await self.tags(repository)))
        try:
            found = await self._get(repository, "commits/{ref}", ref=ref)
        except _Absent as absent:
            raise RefUnknown(ref, nearest(ref, await self.tags(repository))) from absent
        return _text(found, "sha")

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        last = await self.resolve(repository, until)
        if since is None:
            return await self._all_commits(repository, last)
        first = await self.resolve(repository, since)
        found: list[Commit] = []
        for page in count(1):
            body = await self._get(
                repository,
                "compare/{base}...{head}{?per_page,page}",
                base=first,
                head=last,
                per_page=PAGE,
                page=page,
            )
            if body.get("total_commits", 0) > self._commits_max:
                raise RangeTooLong(f"{body['total_commits']} commits")
            on_page = [_commit(one) for one in body.get("commits", [])]
            found += on_page
            if len(on_page) < PAGE:
                break
        return found[::-1]  # GitHub compares oldest first

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        """See ``CodeHost.files``."""
        try:
            body = await self._get(
                repository, "compare/{base}...{head}{?per_page}", base=since, head=until, per_page=1
            )
        except _Absent as absent:
            raise RefUnknown(until) from absent
        return [_text(one, "filename") for one in body.get("files") or ()]

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        try:
            found = [_text(one, "name") async for one in self._pages(repository, "tags{?per_page}", TAGS_MAX)]
        except _Absent as absent:
            raise HostUnreachable(f"GitHub has no repository {repository.github}, or hides it from us") from absent
        return newest_first(found)

    async def _all_commits(self, repository: Repository, last: str) -> list[Commit]:
        pages = self._pages(repository, "commits{?sha,per_page}", self._commits_max + 1, sha=last)
        found = [_commit(one) async for one in pages]
        if len(found) > self._commits_max:
            raise RangeTooLong(f"more than {self._commits_max} commits")
        return found

    async def _get(self, repository: Repository, path: str, **values: Any) -> Any:
        async with self._asking():
            return await self._api(repository).getitem(f"/repos/{_name(repository)}/{path}", values)

    async def _pages(self, repository: Repository, path: str, most: int, **values: Any) -> AsyncIterator[Any]:
        """Items of every page, up to ``most`` of them."""
        pages = self._api(repository).getiter(
            f"/repos/{_name(repository)}/{path}", {**values, "per_page": PAGE}, iterable_key=None
        )
        seen = 0
        while seen < most:
            async with self._asking():
                item = await anext(pages, None)
            if item is None:
                return
            seen += 1
            yield item

    def _api(self, repository: Repository) -> GitHubAPI:
        return GitHubAPI(self._session, "eightbells", oauth_token=self._token, base_url=repository.github_api)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """What can go wrong on the way, in words for people; the token is in none of them."""
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                yield
        except RateLimitExceeded as error:
            until = error.rate_limit.reset_datetime.astimezone(UTC)
            raise HostUnreachable(f"GitHub's rate limit is used up until {until:%H:%M} UTC") from error
        except HTTPException as error:
            if isinstance(error, BadRequest) and error.status_code in _ABSENT:
                raise _Absent from error
            raise HostUnreachable(_refusal(error)) from error
        except (GitHubException, ValueError) as error:
            raise HostUnreachable("GitHub answered something that is not an answer of its API") from error
        except TimeoutError as error:
            raise HostUnreachable(f"GitHub did not answer within {self._limit.total_seconds():g} s") from error
        except aiohttp.ClientError as error:
            raise HostUnreachable("GitHub cannot be reached from here") from error


class _Absent(Exception):
    """GitHub has nothing by that name."""


def _name(repository: Repository) -> str:
    return repository.github or ""


def _refusal(error: HTTPException) -> str:
    status = int(error.status_code)
    if status == 401:
        return "GitHub does not accept our token"
    if status in _REFUSED:
        wait = error.headers.get("retry-after")
        return f"GitHub asks us to slow down ({wait} s)" if wait else "GitHub refuses us; the token lacks a right"
    return f"GitHub answered {status}"


def _is_plain(ref: str) -> bool:
    return bool(ref) and not ref.startswith("-") and ".." not in ref and ref.isprintable() and " " not in ref


def _text(body: Any, field: str) -> str:
    value = body.get(field) if isinstance(body, Mapping) else None
    if not isinstance(value, str):
        raise HostUnreachable(f"GitHub's answer has no {field}")
    return value


def _commit(body: Any) -> Commit:
    try:
        subject, _, rest = body["commit"]["message"].partition("\n")
        author = body["commit"].get("author") or {}
        at = datetime.fromisoformat(body["commit"]["committer"]["date"])
        return Commit(
            body["sha"],
            subject.strip(),
            rest.strip(),
            author.get("name") or "",
            author.get("email") or "",
            at.astimezone(UTC),
            pull_request_in(subject),
            (body.get("author") or {}).get("login") or "",
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitHub's answer describes a commit in a way that I do not know") from error
