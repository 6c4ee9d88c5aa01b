"""Looks up on the web what proves a sender: https alone, nothing large, nothing slow, no detours."""

from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.vendors.kit.bodies import body_of
from bot.vendors.kit.webhooks import Unreachable

BODY_MAX = 64 * 1024  # bytes; a certificate has about 2,000
PATIENCE = ClientTimeout(total=5)  # seconds; whoever sends webhooks waits 10 to 15 s for our answer


class WebFetch:
    """``Fetch`` by a session of aiohttp's."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def __call__(self, url: str) -> bytes:
        """What the address holds. Raises ``Unreachable``."""
        host = urlsplit(url).hostname
        if urlsplit(url).scheme != "https":
            raise Unreachable(f"{host} was not asked over https")
        try:
            async with self._session.get(url, timeout=PATIENCE, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise Unreachable(f"{host} answers {answer.status}")
                body = await body_of(answer.content, BODY_MAX + 1)
                if len(body) > BODY_MAX:
                    raise Unreachable(f"{host} answers with more than {BODY_MAX // 1024} KiB")
                return body
        except (ClientError, TimeoutError) as problem:
            raise Unreachable(f"{host} does not answer ({type(problem).__name__})") from None
