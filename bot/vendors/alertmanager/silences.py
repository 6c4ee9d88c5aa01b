"""Keeps silences in a real Alertmanager too, over its API v2. A ``bot.stages.monitor.model.ports.Silencer``.

Alertmanager gives silences ids of its own and knows no idempotency key, so each of ours carries a mark in its comment,
and is looked for by it before it is written: a write that was cut off is found, and not made twice.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.stages.monitor.model.matchers import Matcher, Op
from bot.stages.monitor.model.ports import AlertmanagerRefused, AlertmanagerUnreachable
from bot.stages.monitor.model.silence import Silence
from bot.vendors.kit import json_text
from bot.vendors.kit.bodies import body_of

PATIENCE = ClientTimeout(total=5)  # seconds
BODY_MAX = 6 * 1024 * 1024  # bytes; 10,000 alerts have about 5 MB

SAID_MAX = 10_000  # characters of an error that are looked through
STRANGE = "it answers with something that is not its API; look at the address"


class AlertmanagerApi:
    """One Alertmanager (or any of a cluster's members, which share their silences)."""

    def __init__(
        self, session: ClientSession, url: str, token: str | None = None, redact: Callable[[str], str] = str
    ) -> None:
        """``url`` is what its web page is at, with any path prefix; ``token`` is sent as a bearer's.

        ``redact`` takes secrets out of what it says, which is shown.
        """
        self._redact = redact
        self._session = session
        self._url = f"{url.rstrip('/')}/api/v2"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def keep(self, silence: Silence) -> str:
        """Have it there as it is here; gives its id there."""
        there = await self._find(silence)
        if there is not None and _says_the_same(there, silence):
            with _as_it_answers():
                return str(there["id"])
        body = {
            "matchers": [_matcher(one) for one in silence.matchers],
            "startsAt": there["startsAt"] if there else _written(silence.at),
            "endsAt": _written(silence.until),
            "createdBy": f"{silence.by_name} (Eightbells)",
            "comment": f"{silence.because or 'silenced in Slack'} {_mark(silence)}",
        }
        if there is not None:
            body["id"] = there["id"]
        answer = await self._ask("POST", "/silences", body)
        with _as_it_answers():
            return str(answer["silenceID"])

    async def end(self, silence: Silence) -> None:
        """Have it there no longer."""
        there = await self._find(silence)
        if there is not None:
            await self._ask("DELETE", f"/silence/{quote(str(there['id']), safe='')}")

    async def firing(self) -> frozenset[str]:
        """Fingerprints of the alerts that fire there now, silenced or not."""
        every = await self._ask("GET", "/alerts")
        with _as_it_answers():
            return frozenset(str(alert["fingerprint"]) for alert in every)

    async def _find(self, silence: Silence) -> Mapping[str, Any] | None:
        """The one that carries the silence's mark and has not ended there."""
        mark = _mark(silence)
        every = await self._ask("GET", "/silences")
        with _as_it_answers():
            ours = [one for one in every if str(one.get("comment", "")).endswith(mark)]
            # What we read of it later is looked for here.
            still = (one for one in ours if one["status"]["state"] != "expired" and one["id"] and one["startsAt"])
            return next(still, None)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            async with self._session.request(
                method,
                self._url + path,
                json=body,
                headers=self._headers,
                timeout=PATIENCE,
                allow_redirects=False,
            ) as answer:
                text = (await body_of(answer.content, BODY_MAX)).decode(errors="replace")
                status = answer.status
        except TimeoutError:
            raise AlertmanagerUnreachable("it does not answer within 5 s") from None
        except ClientError as problem:
            raise AlertmanagerUnreachable(f"it does not answer ({type(problem).__name__})") from None
        if status >= 500 or status == 429:
            raise AlertmanagerUnreachable(f"it answers {status}")
        if status in {401, 403}:
            raise AlertmanagerRefused(f"it answers {status}: it does not take our token")
        if status >= 300:
            raise AlertmanagerRefused(
                f"it answers {status}: {' '.join(self._redact(text[:SAID_MAX]).split())[:160]}"
            )
        return _read(text) if method != "DELETE" else None


@contextmanager
def _as_it_answers() -> Iterator[None]:
    """What it answers is read as its API says. Raises ``AlertmanagerRefused`` where it is something else."""
    try:
        yield
    except (KeyError, TypeError, AttributeError):
        raise AlertmanagerRefused(STRANGE) from None


def _read(text: str) -> Any:
    try:
        return json_text.loaded(text)
    except json_text.TooMuch as problem:
        raise AlertmanagerRefused(f"what it answers is not read: {problem}") from None
    except ValueError:
        raise AlertmanagerRefused(STRANGE) from None


def _mark(silence: Silence) -> str:
    # With the instant, since another bot (or this one with a new database) may have had a silence of this id.
    return f"[{silence.id} {silence.at:%Y%m%dT%H%M%S}]"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _matcher(one: Matcher) -> dict[str, str | bool]:
    return {
        "name": one.label,
        "value": one.value,
        "isRegex": one.op in (Op.LIKE, Op.UNLIKE),
        "isEqual": one.op in (Op.IS, Op.LIKE),
    }


def _says_the_same(there: Mapping[str, Any], silence: Silence) -> bool:
    ends_at = datetime.fromisoformat(str(there["endsAt"]))
    return abs((ends_at - silence.until).total_seconds()) < 1
