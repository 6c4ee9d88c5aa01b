"""Keeps a token with the host that it is for: pages and redirects that lead to another origin are not followed."""

from collections.abc import Mapping

from aiohttp import ClientResponse
from gidgethub.aiohttp import GitHubAPI
from yarl import URL

from bot.stages.code.model.ports import HostUnreachable
from bot.vendors.kit import json_text
from bot.vendors.kit.bodies import body_of
from bot.vendors.kit.http import BODY_MAX

REDIRECTS_MAX = 5  # a repository that was renamed takes one
_REDIRECTS = frozenset({301, 302, 307, 308})


async def readable(headers: Mapping[str, str], body: bytes) -> bytes:
    """What gidgethub is given to read, which it does at once; nothing where it is no JSON.

    Of a form it would read each sign, and a number of thousands of digits. Raises ``HostUnreachable``.
    """
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        return b""
    if len(body) > BODY_MAX:
        raise HostUnreachable(f"GitHub answered more than {BODY_MAX // 2**20} MiB")
    try:
        await json_text.check(body)
    except ValueError as problem:
        raise HostUnreachable(f"GitHub's answer is not read: {problem}") from None
    return body


async def _whole(answer: ClientResponse) -> bytes:
    return await readable(answer.headers, await body_of(answer.content, BODY_MAX + 1))


class SameOriginGitHub(GitHubAPI):
    """gidgethub, which would follow ``Link: <…>; rel="next"`` and redirects anywhere, and send the token along.

    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        following = URL(url)
        for _ in range(REDIRECTS_MAX + 1):
            self._must_be_ours(following)
            asking = self._session.request(method, following, headers=headers, data=body, allow_redirects=False)
            async with asking as answer:
                to = answer.headers.get("Location")
                if method != "GET" or answer.status not in _REDIRECTS or not to:
                    return answer.status, answer.headers, await _whole(answer)
            following = following.join(URL(to))
        raise HostUnreachable("GitHub sends us on again and again")

    def _must_be_ours(self, url: URL) -> None:
        if not url.absolute or url.origin() != URL(self.base_url).origin():
            raise HostUnreachable(f"GitHub sends us on to {url.host}, and our token is not for there")
