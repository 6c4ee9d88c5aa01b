"""Keeps a token with the host that it is for: pages and redirects that lead to another origin are not followed."""

from collections.abc import Mapping

from gidgethub.aiohttp import GitHubAPI
from yarl import URL

from bot.core.ports import HostUnreachable

REDIRECTS_MAX = 5  # a repository that was renamed takes one
_REDIRECTS = frozenset({301, 302, 307, 308})


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
                    return answer.status, answer.headers, await answer.read()
            following = following.join(URL(to))
        raise HostUnreachable("GitHub sends us on again and again")

    def _must_be_ours(self, url: URL) -> None:
        if not url.absolute or url.origin() != URL(self.base_url).origin():
            raise HostUnreachable(f"GitHub sends us on to {url.host}, and our token is not for there")
