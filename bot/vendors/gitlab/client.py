"""How GitLab is asked to begin something, and about it, over its REST API v4."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import ClientSession
from yarl import URL

from bot.core.host_tokens import GITLAB_HOST, HostTokens
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import NotTaken, Unsure
from bot.vendors.kit.http import (
    LIMIT,
    Answer,
    NoAnswer,
    NotReached,
    Refused,
    ask,
    json_in,
    no_token_for,
    said,
    tail_of,
)

WHO = "GitLab"
# Marks of foldable sections, and the instants that newer runners begin each line with.
_SECTION = re.compile(r"^section_(?:start|end):\d+:")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z \d\d[OE]\+? ?")


class GitLabCalls:
    """Asks about a project on GitLab."""

    def __init__(self, session: ClientSession, tokens: HostTokens, *, limit: timedelta = LIMIT) -> None:
        self._session = session
        self._tokens = tokens
        self._limit = limit

    async def start(self, repository: Repository, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """What it answers to this, which begins something. Raises ``NotTaken``, ``Unsure``."""
        if not self._tokens.of(repository.gitlab_api):
            raise NotTaken(no_token_for(repository.gitlab_api, "GITLAB", GITLAB_HOST))
        try:
            answer = await self._ask(repository, "POST", path, {}, data)
        except NotReached as error:
            raise NotTaken(str(error)) from None
        except NoAnswer as error:
            raise Unsure(f"{error}; it may have begun") from None
        if answer.status >= 500:
            raise Unsure(f"{WHO} answered {answer.status}; it may have begun")
        if answer.status >= 300:
            raise NotTaken(self._refusal(answer))
        body = json_in(answer)
        if not isinstance(body, Mapping):
            raise Unsure(f"{WHO} answered something that is not an answer of its API; it may have begun")
        return body

    async def get(self, repository: Repository, path: str, **query: str) -> Any:
        """What it answers. Raises ``HostUnreachable``; a ``Refused`` where it answered."""
        return await self._told(repository, "GET", path, query)

    async def post(self, repository: Repository, path: str) -> Any:
        """The same for what is harmless to ask twice."""
        return await self._told(repository, "POST", path, {})

    async def tail(self, repository: Repository, path: str) -> list[str]:
        """The last lines of a job's log. Raises ``HostUnreachable``."""
        try:
            url = _url(repository, path, {})
            found = await tail_of(self._session, url, who=WHO, headers=self._headers(repository), limit=self._limit)
        except (NotReached, NoAnswer) as error:
            raise HostUnreachable(str(error)) from None
        lines = [_STAMP.sub("", line) for line in found]
        lines = [line for line in lines if not _SECTION.match(line)]
        return [self._tokens.hidden_in(line) for line in lines]

    def said(self, text: object) -> str:
        """GitLab's own words as part of a sentence of ours."""
        return said(self._tokens.hidden_in(str(text)))

    async def _told(self, repository: Repository, method: str, path: str, query: Mapping[str, str]) -> Any:
        try:
            answer = await self._ask(repository, method, path, query)
        except (NotReached, NoAnswer) as error:
            raise HostUnreachable(str(error)) from None
        if answer.status >= 300:
            raise Refused(self._refusal(answer), answer.status)
        body = json_in(answer)
        if body is None:
            raise HostUnreachable(f"{WHO} answered something that is not an answer of its API")
        return body

    async def _ask(
        self,
        repository: Repository,
        method: str,
        path: str,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> Answer:
        headers, body = self._headers(repository), None
        if data is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(data).encode()
        url = _url(repository, path, query)
        return await ask(self._session, method, url, who=WHO, headers=headers, body=body, limit=self._limit)

    def _headers(self, repository: Repository) -> dict[str, str]:
        # As a bearer's, GitLab takes tokens of people, projects, groups and of OAuth 2 alike.
        # https://docs.gitlab.com/api/rest/authentication/
        token = self._tokens.of(repository.gitlab_api)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _refusal(self, answer: Answer) -> str:
        if answer.status < 400:
            return f"{WHO} sends us elsewhere ({answer.status}): the project has another path now"
        if answer.status == 401:
            return f"{WHO} does not accept our token"
        if answer.status == 404:
            return f"{WHO} has nothing by that name, or hides it from us"
        if answer.status >= 500:
            return f"{WHO} answered {answer.status}"
        words = self.said(" ".join(_sentences(json_in(answer)))).rstrip(".")
        return f"{WHO} refused ({answer.status}): {words}" if words else f"{WHO} refused ({answer.status})"


def _sentences(body: Any) -> list[str]:
    """What an error says: ``message`` is a sentence, or sentences by field; some errors have ``error``."""
    if isinstance(body, str):
        return [body]
    if isinstance(body, list):
        return [words for one in body for words in _sentences(one)]
    if not isinstance(body, Mapping):
        return []
    if "message" in body or "error" in body:
        return _sentences(body.get("message") or body.get("error"))
    return [
        f"{'' if field == 'base' else f'{field} '}{words}" for field in body for words in _sentences(body[field])
    ]


def _url(repository: Repository, path: str, query: Mapping[str, str]) -> URL:
    # The slashes of a project's path are part of its name: %2F, and not to be made slashes again on the way.
    project = quote(repository.gitlab or "", safe="")
    asked = f"?{urlencode(query)}" if query else ""
    try:
        return URL(f"{repository.gitlab_api.rstrip('/')}/projects/{project}{path}{asked}", encoded=True)
    except ValueError:
        raise NotReached(f"{WHO} cannot be reached: its address in the team file is none") from None
