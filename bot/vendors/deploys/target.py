"""Deployments that somebody carries out who takes a signed request and reports back to ``/hooks/deploys``."""

import hmac
import json
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import ClientSession

from bot.core.deploy_targets import HttpCall, filled
from bot.core.run_references import HTTP, deployment_reference
from bot.stages.deploy.model.ports import NotTaken, Order, Report, Taken, Unsure
from bot.vendors.kit.http import Answer, NoAnswer, NotReached, ask, json_in, link, said, text_in
from bot.vendors.kit.placeholders import values_of

LIMIT = timedelta(seconds=10)
ANSWER_MAX = 64 * 1024  # bytes
SIGNATURE = "X-Eightbells-Signature"
SECRET = f"EIGHTBELLS_HOOK_SECRET_{HTTP.upper()}"
HOOK = f"/hooks/{HTTP}"


class HttpCalls:
    """A ``Carrier`` for ``HttpCall``.

    Args:
        secret: signs what we send, as it does what is reported back.
        url: where we are reached; "" where that is not known, and then nothing is said of it.
    """

    def __init__(
        self, session: ClientSession, secret: str | None, url: str = "", *, limit: timedelta = LIMIT
    ) -> None:
        self._session = session
        self._secret = secret
        self._url = url
        self._limit = limit

    async def start(self, how: HttpCall, order: Order) -> Taken:
        """See ``Carrier.start``."""
        if not self._secret:
            raise NotTaken(f"{SECRET} is not set, so the request cannot be signed")
        body = json.dumps(self._told(how, order)).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "eightbells",
            "Idempotency-Key": order.run,
            SIGNATURE: f"sha256={hmac.new(self._secret.encode(), body, 'sha256').hexdigest()}",
        }
        who = _host(how.url)  # without path and query: an address may hold a secret
        try:
            answer = await ask(
                self._session,
                "POST",
                how.url,
                who=who,
                headers=headers,
                body=body,
                limit=self._limit,
                body_max=ANSWER_MAX,
            )
        except NotReached as error:
            raise NotTaken(str(error)) from None
        except NoAnswer as error:
            raise Unsure(f"{error}; it may have begun") from None
        if answer.status >= 500:
            raise Unsure(f"{who} answered {answer.status}; it may have begun")
        if answer.status >= 300:
            raise NotTaken(f"{who} answered {answer.status}{self._words(answer)}")
        return Taken(deployment_reference(HTTP, "", order.run), link(text_in(json_in(answer), "url")))

    async def find(self, how: HttpCall, order: Order) -> Taken | None:
        """See ``Carrier.find``: there is nothing to ask by."""
        return None

    async def look(self, how: HttpCall, order: Order) -> Report | None:
        """See ``Carrier.look``: they report by themselves."""
        return None

    async def stop(self, how: HttpCall, order: Order) -> bool:
        """See ``Carrier.stop``: there is no such request."""
        return False

    def _told(self, how: HttpCall, order: Order) -> dict[str, str]:
        """The team's own fields, which never take the place of ours."""
        values = values_of(order)
        own = {name: filled(value, values) for name, value in how.payload.items()}
        ours = {name: values.get(name, "") for name in ("deployment", "service", "version", "environment", "sha")}
        ours |= {name: value for name, value in values.items() if name == "artifact" and value}
        callback = {"callback": self._url.rstrip("/") + HOOK} if self._url else {}
        return own | ours | callback

    def _words(self, answer: Answer) -> str:
        first = answer.body.decode(errors="replace").strip().partition("\n")[0]
        words = said(first, without=self._secret).rstrip(".")
        return f": {words}" if words else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"
