"""Reads repositories on GitHub, or on a GitHub Enterprise server, over its REST API."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import aiohttp
from gidgethub import BadRequest, GitHubException, HTTPException, RateLimitExceeded

from bot.core.host_tokens import HostTokens
from bot.core.team import Repository
from bot.core.versions import newest_first
from bot.stages.code.model.commits import pull_request_in
from bot.stages.code.model.ports import Commit, HostUnreachable, RangeTooLong, RefUnknown
from bot.vendors.kit.nearest import nearest
from bot.vendors.kit.refs import commit_behind, is_plain, together
from bot.vendors.kit.same_origin import SameOriginGitHub

LIMIT = timedelta(seconds=15)
COMMITS_MAX = 10_000
TAGS_MAX = 1_000
PAGE = 100  # GitHub's largest page; docs.github.com/en/rest/commits/commits

# No such thing (or hidden from us), and no such ref.
_ABSENT = frozenset({404, 422})
_REFUSED = frozenset({401, 403, 429})
_END = object()  # null may be an item
STRANGE = "GitHub answered something that is not an answer of its API"


class GitHub:
    """A ``CodeHost`` for repositories that the team file names as ``owner/name``.

    Args:
        session: shared with everything else that speaks HTTP; it stays open.
        tokens: let us read private repositories, and more often; each goes to its own host.
        limit: how long one request may take.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        tokens: HostTokens = HostTokens(),  # noqa: B008  frozen
        *,
        limit: timedelta = LIMIT,
        commits_max: int = COMMITS_MAX,
    ) -> None:
        self._session = session
        self._tokens = tokens
        self._limit = limit
        self._commits_max = commits_max

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""

        async def look(kind: str, name: str) -> str | None:
            # https://docs.github.com/en/rest/commits/commits#get-a-commit: heads/BRANCH_NAME, tags/TAG_NAME, or a SHA.
            # One commit may tell of 300 files with their patches; a page of one is enough to learn its SHA.
            named = name if kind == "commits" else f"{kind}/{name}"
            try:
                found = await self._ask(repository, "commits/{ref}{?per_page}", ref=named, per_page=1)
            except _Absent:
                return None
            return _text(found, "sha")

        sha = await commit_behind(ref, look) if is_plain(ref) else None
        if sha is None:
            raise RefUnknown(ref, nearest(ref, await self.tags(repository)))
        return sha

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        if since is None:
            return await self._all_commits(repository, await self.resolve(repository, until))
        first, last = await together(self.resolve(repository, since), self.resolve(repository, until))
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
        """See ``CodeHost.files``; a renamed one by both its names."""
        compared = await self._compare(repository, since, until)
        found = [*_files(compared)]
        if compared.get("behind_by"):
            # GitHub compares with what both have in common; what only the first one has is told the other way round.
            found += _files(await self._compare(repository, until, since))
        return list(dict.fromkeys(found))

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        try:
            found = [_text(one, "name") async for one in self._pages(repository, "tags{?per_page}", TAGS_MAX)]
        except _Absent as absent:
            raise HostUnreachable(f"GitHub has no repository {repository.github}, or hides it from us") from absent
        return newest_first(found)

    async def _compare(self, repository: Repository, base: str, head: str) -> Any:
        try:
            return await self._get(
                repository, "compare/{base}...{head}{?per_page}", base=base, head=head, per_page=1
            )
        except _Absent as absent:
            raise RefUnknown(head) from absent

    async def _all_commits(self, repository: Repository, last: str) -> list[Commit]:
        pages = self._pages(repository, "commits{?sha,per_page}", self._commits_max + 1, sha=last)
        found = [_commit(one) async for one in pages]
        if len(found) > self._commits_max:
            raise RangeTooLong(f"more than {self._commits_max} commits")
        return found

    async def _ask(self, repository: Repository, path: str, **values: Any) -> Any:
        async with self._asking():
            return await self._api(repository).getitem(f"/repos/{_name(repository)}/{path}", values)

    async def _get(self, repository: Repository, path: str, **values: Any) -> Mapping[str, Any]:
        found = await self._ask(repository, path, **values)
        if not isinstance(found, Mapping):
            raise HostUnreachable(STRANGE)
        return found

    async def _pages(
        self, repository: Repository, path: str, most: int, *, within: str | None = None, **values: Any
    ) -> AsyncIterator[Any]:
        """Items of every page, up to ``most`` of them; ``within`` is the field of the answer that holds them."""
        pages = self._api(repository).getiter(
            f"/repos/{_name(repository)}/{path}", {**values, "per_page": PAGE}, iterable_key=within
        )
        seen = 0
        while seen < most:
            async with self._asking():
                item = await anext(pages, _END)
            if item is _END:
                return
            seen += 1
            yield item

    def _api(self, repository: Repository) -> SameOriginGitHub:
        api = repository.github_api
        return SameOriginGitHub(self._session, "eightbells", oauth_token=self._tokens.of(api), base_url=api)

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
            raise _refusal(error) from error
        # The last two are gidgethub's, of pages that hold no items where they should, and of a charset that is none.
        except (GitHubException, ValueError, LookupError, TypeError) as error:
            raise HostUnreachable(STRANGE) from error
        except TimeoutError as error:
            raise HostUnreachable(f"GitHub did not answer within {self._limit.total_seconds():g} s") from error
        except aiohttp.ClientError as error:
            raise HostUnreachable("GitHub cannot be reached from here") from error


class _Absent(Exception):
    """GitHub has nothing by that name."""


class _Forbidden(HostUnreachable):
    """The token lacks a right."""


def _name(repository: Repository) -> str:
    return repository.github or ""


def _refusal(error: HTTPException) -> HostUnreachable:
    status = int(error.status_code)
    if status == 401:
        return HostUnreachable("GitHub does not accept our token")
    if status in _REFUSED:
        wait = error.headers.get("retry-after")
        if wait:
            return HostUnreachable(f"GitHub asks us to slow down ({wait} s)")
        return _Forbidden("GitHub refuses us; the token lacks a right")
    return HostUnreachable(f"GitHub answered {status}")


def _text(body: Any, field: str) -> str:
    value = body.get(field) if isinstance(body, Mapping) else None
    if not isinstance(value, str):
        raise HostUnreachable(f"GitHub's answer has no {field}")
    return value


def _files(compared: Any) -> list[str]:
    found: list[str] = []
    for one in compared.get("files") or ():
        found.append(_text(one, "filename"))
        if one.get("previous_filename"):
            found.append(_text(one, "previous_filename"))
    return found


def _commit(body: Any) -> Commit:
    try:
        subject, _, rest = body["commit"]["message"].partition("\n")
        rest = rest.strip()
        author = body["commit"].get("author") or {}
        at = datetime.fromisoformat(body["commit"]["committer"]["date"])
        return Commit(
            body["sha"],
            subject.strip(),
            rest,
            author.get("name") or "",
            author.get("email") or "",
            at.astimezone(UTC),
            pull_request_in(subject, rest),
            (body.get("author") or {}).get("login") or "",
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostUnreachable("GitHub's answer describes a commit in a way that I do not know") from error
