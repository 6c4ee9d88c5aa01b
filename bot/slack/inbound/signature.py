"""Stands before Bolt on HTTP: lets in only what Slack signed, now, once, and in a form that can be read."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from bot.vendors.kit import json_text

BODY_MAX = 2**20  # bytes; Slack's largest deliveries are a view of 250 kB in a form
VALUES_MAX = 60_000  # of one, commas in its words among them; a view of 250 kB has fewer than 20,000
LONG = 64 * 1024  # bytes; a longer one is read beside the event loop
SSL_CHECK_MAX = 200  # bytes
SIGNED_WITHIN = 300  # seconds; docs.slack.dev/authentication/verifying-requests-from-slack

# What was signed so long before the newest that we have let in is stale, wherever our own clock was moved to. Until
# then it is remembered, by Slack's time as well: no clock that is put back opens the door to it again.
_REMEMBERED = SIGNED_WITHIN


class Rejected(Exception):
    """The request goes no further; ``status`` is for the sender, the words say why without repeating the body."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Guard:
    """Checks requests to ``/slack/events``. ``now`` gives Unix seconds, on the real clock that Slack signs by.

    What was seen is forgotten as Slack's own timestamps go on, not as our clock does, which may be moved.
    """

    def __init__(self, signing_secret: str, now: Callable[[], float] = time.time) -> None:
        if not signing_secret:
            raise ValueError("a signing secret is needed to take requests from Slack over HTTP")
        self._secret = signing_secret.encode()
        self._now = now
        self._newest = 0  # timestamp of Slack's, of what bears its signature
        self._seen = Recent(lambda: self._newest, _REMEMBERED)

    async def admit(self, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
        """The body, read. Raises ``Rejected``: 413 (bytes, values), 401 (signature, time, replay), 400 (not JSON)."""
        if len(raw) > BODY_MAX:
            raise Rejected(413, "too large")
        signature = self._verified(headers, raw)
        kind = headers.get("Content-Type", "")
        # What a form has encoded is decoded in steps of Python's, between which the event loop has its turns.
        body = await asyncio.to_thread(read_body, kind, raw) if len(raw) > LONG else read_body(kind, raw)
        # A retry of an event is a new delivery by intent. Its header is not signed, so it opens this door only to
        # events, which carry an id of their own and are told apart by it.
        is_retry = "X-Slack-Retry-Num" in headers and body.get("type") == "event_callback"
        if not is_retry and not self._seen.add(signature):
            raise Rejected(401, "seen before")
        return body

    def looks_signed(self, headers: Mapping[str, str]) -> str:
        """When it was signed, by its headers, before the body is read. Raises ``Rejected`` with 401."""
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise Rejected(401, "no timestamp")
        if abs(self._now() - int(stamp)) > SIGNED_WITHIN or self._newest - int(stamp) > SIGNED_WITHIN:
            raise Rejected(401, "stale")
        if not headers.get("X-Slack-Signature"):
            raise Rejected(401, "not signed by Slack")
        return stamp

    def _verified(self, headers: Mapping[str, str], raw: bytes) -> str:
        stamp, given = self.looks_signed(headers), headers.get("X-Slack-Signature", "")
        digest = hmac.digest(self._secret, b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256)
        expected = "v0=" + digest.hex()
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            raise Rejected(401, "not signed by Slack")
        self._newest = max(self._newest, int(stamp))
        return f"{stamp}{expected}"


class Recent:
    """Remembers keys for at least ``seconds`` (and at most twice as long), at about 60 bytes each."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._seconds = seconds
        self._turned = now()
        self._young: set[int] = set()
        self._old: set[int] = set()

    def __contains__(self, key: str) -> bool:
        mark = _mark(key)
        return mark in self._young or mark in self._old

    def add(self, key: str) -> bool:
        """Remember the key; False where it was remembered already."""
        now = self._now()
        if now - self._turned > self._seconds:
            self._old = self._young if now - self._turned < 2 * self._seconds else set()
            self._young = set()
            self._turned = now
        mark = _mark(key)
        if mark in self._young or mark in self._old:
            return False
        self._young.add(mark)
        return True


def read_body(content_type: str, raw: bytes) -> dict[str, Any]:
    """The JSON object, or the fields of the form with its ``payload`` read. Raises ``Rejected``: 413, 400."""
    try:
        text = raw.decode()
        if content_type.startswith("application/json"):
            return loaded(text)
        form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise Rejected(400, "not readable") from None
    return loaded(form["payload"]) if "payload" in form else form


def is_ssl_check(raw: bytes) -> bool:
    """Whether Slack only looks at our certificate, which it does unsigned."""
    return len(raw) < SSL_CHECK_MAX and b"ssl_check=1" in raw.split(b"&")


def loaded(text: str) -> dict[str, Any]:
    """The JSON object of a request's or of a frame's. Raises ``Rejected``: 413 (too many values), 400."""
    try:
        value = json_text.loaded(text, VALUES_MAX)
        # Half of a surrogate pair can be written in JSON, and can be neither hashed nor stored nor sent on.
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json_text.TooMuch:
        raise Rejected(413, "too many values") from None
    except ValueError:
        raise Rejected(400, "not readable") from None
    if not isinstance(value, dict):
        raise Rejected(400, "not readable")
    return value


def _mark(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest())
