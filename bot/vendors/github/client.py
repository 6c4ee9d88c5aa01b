"""How GitHub is asked to begin something, and about it: gidgethub's requests, each sent once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
from gidgethub import GitHubException
from gidgethub.abc import GitHubAPI

from bot.core.host_tokens import GITHUB_HOST, HostTokens
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Unsure
from bot.vendors.kit.http import LIMIT, NoAnswer, NotReached, Refused, ask, no_token_for, said, tail_of
from bot.vendors.kit.same_origin import readable

WHO = "GitHub"
# What gidgethub raises of bodies that are not what they say they are.
_NOT_THE_API = (GitHubException, ValueError, LookupError, TypeError, AttributeError)


class _Once(GitHubAPI):
    """gidgethub over ``ask``: no redirects, since a start that is sent on is a second start. Serves one request."""

    def __init__(self, session: ClientSession, token: str | None, base_url: str, limit: timedelta) -> None:
        super().__init__("eightbells", oauth_token=token, base_url=base_url)
        self._session = session
        self._limit = limit
        self.status = 0  # as long as nothing was answered

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        answer = await ask(
            self._session, method, url, who=WHO, headers=headers, body=body or None, limit=self._limit
        )
        self.status = answer.status
        try:
            return answer.status, answer.headers, await readable(answer.headers, answer.body)
        except HostUnreachable as strange:
            raise NoAnswer(str(strange)) from None

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class GitHubCalls:
    """Asks about a repository on GitHub, or on a GitHub Enterprise server."""

    def __init__(self, session: ClientSession, tokens: HostTokens, *, limit: timedelta = LIMIT) -> None:
        self._session = session
        self._tokens = tokens
        self._limit = limit

    async def start(self, repository: Repository, path: str, data: Mapping[str, Any], **values: str) -> Any:
        """What it answers to this, which begins something. Raises ``NotTaken``, ``Unsure``."""
        if not self._tokens.of(repository.github_api):
            raise NotTaken(no_token_for(repository.github_api, "GITHUB", GITHUB_HOST))
        api = self._api(repository)
        try:
            return await api.post(_url(repository, path), values, data=data)
        except NotReached as error:
            trouble: Exception = NotTaken(str(error))
        except NoAnswer as error:
            trouble = Unsure(f"{error}; it may have begun")
        except _NOT_THE_API as error:
            if not api.status:
                trouble = NotTaken(f"{WHO} cannot be reached: its address in the team file is none")
            elif 300 <= api.status < 500:
                trouble = NotTaken(self._refusal(api.status, error))
            elif api.status >= 500:
                trouble = Unsure(f"{WHO} answered {api.status}; it may have begun")
            else:
                trouble = Unsure(f"{WHO} answered something that is not an answer of its API; it may have begun")
        raise trouble  # not within the handlers: what gidgethub raises holds whatever was answered

    async def get(self, repository: Repository, path: str, **values: str) -> Any:
        """What it answers. Raises ``HostUnreachable``; a ``Refused`` where it answered."""
        return await self._told(repository, "GET", path, values)

    async def post(self, repository: Repository, path: str, **values: str) -> Any:
        """The same for what is harmless to ask twice."""
        return await self._told(repository, "POST", path, values)

    async def tail(self, repository: Repository, path: str) -> list[str]:
        """The last lines of a log. Raises ``HostUnreachable``."""
        headers = {"User-Agent": "eightbells", "Accept": "application/vnd.github+json"}
        if token := self._tokens.of(repository.github_api):
            headers["Authorization"] = f"token {token}"
        url = f"{repository.github_api.rstrip('/')}{_url(repository, path)}"
        try:
            lines = await tail_of(self._session, url, who=WHO, headers=headers, limit=self._limit)
        except (NotReached, NoAnswer) as error:
            raise HostUnreachable(str(error)) from None
        return [self._tokens.hidden_in(line) for line in lines]

    async def _told(self, repository: Repository, method: str, path: str, values: Mapping[str, str]) -> Any:
        api = self._api(repository)
        try:
            if method == "GET":
                return await api.getitem(_url(repository, path), values)
            return await api.post(_url(repository, path), values, data=b"")
        except (NotReached, NoAnswer) as error:
            trouble = HostUnreachable(str(error))
        except _NOT_THE_API as error:
            if api.status >= 300:
                trouble = Refused(self._refusal(api.status, error), api.status)
            else:
                trouble = HostUnreachable(f"{WHO} answered something that is not an answer of its API")
        raise trouble

    def said(self, text: object) -> str:
        """GitHub's own words as part of a sentence of ours."""
        return said(self._tokens.hidden_in(str(text)))

    def _refusal(self, status: int, error: Exception) -> str:
        words = self.said(error) if isinstance(error, GitHubException) else ""
        if status < 400:
            return f"{WHO} sends us elsewhere ({status}): the repository has another name now"
        if status == 401:
            return f"{WHO} does not accept our token"
        if status == 404:
            return f"{WHO} has nothing by that name, or hides it from us"
        if status >= 500:
            return f"{WHO} answered {status}"
        return f"{WHO} refused ({status}): {words.rstrip('.')}" if words else f"{WHO} refused ({status})"

    def _api(self, repository: Repository) -> _Once:
        api = repository.github_api
        return _Once(self._session, self._tokens.of(api), api, self._limit)


def name_of(repository: Repository) -> str:
    """``owner/name``."""
    return repository.github or ""


def _url(repository: Repository, path: str) -> str:
    return f"/repos/{name_of(repository)}{path}"
