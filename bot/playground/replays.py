"""Recorded webhook deliveries: finds the `.http` files, fills in secrets and times, and sends them to the bot."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.playground.playground import Playground
from bot.playground.transport import Answer

PLACEHOLDER = re.compile(r"\{\{\s*(secret|hmac_sha256|uuid|now(?:\s*[+-]\s*\d+\s*[smhd])?)\s*\}\}")
SHIFT = re.compile(r"now\s*([+-])\s*(\d+)\s*([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
SAFE_NAME = re.compile(r"[\w.-]+")
PATIENCE_SECONDS = 10.0  # what GitHub gives a receiver
OWN_HEADERS = ("host", "content-length", "connection", "transfer-encoding")


class NotADelivery(ValueError):
    """A file that cannot be replayed; the message says what is wrong with it."""


@dataclass(frozen=True)
class Recorded:
    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str


def parse(text: str, name: str) -> Recorded:
    """A `.http` file: title lines with `#`, request line, headers, blank line, body.

    Raises:
        NotADelivery: there is no request line, or a header without a colon.
    """
    lines = text.split("\n")
    titles: list[str] = []
    while lines and lines[0].startswith("#"):
        titles.append(lines.pop(0).lstrip("# ").strip())
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines or not re.match(r"[A-Z]+ \S+", lines[0]):
        raise NotADelivery(f"{name} has no request line such as POST /hooks/github HTTP/1.1")
    verb, path = lines.pop(0).split()[:2]
    headers: dict[str, str] = {}
    while lines and (line := lines.pop(0).rstrip("\r")):
        key, colon, value = line.partition(":")
        if not colon:
            raise NotADelivery(f"{name}: {line!r} is not a header")
        headers[key.strip()] = value.strip()
    title = titles[0] if titles else name.removesuffix(".http").replace("_", " ")
    return Recorded(title, verb, path, headers, "\n".join(lines))


def fill(text: str, *, secret: str, now: datetime, signed: bytes | None = None) -> str:
    """Put values in place of the placeholders; the signature stays until there are bytes to sign."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name == "secret":
            return secret
        if name == "uuid":
            return str(uuid.uuid4())
        if name == "hmac_sha256":
            if signed is None:
                return found.group()
            return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        moment = now
        if shift := SHIFT.fullmatch(name):
            distance = timedelta(**{UNITS[shift.group(3)]: int(shift.group(2))})
            moment = now + distance if shift.group(1) == "+" else now - distance
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    return PLACEHOLDER.sub(value, text)


class Replays:
    """The deliveries under one folder: `<source>/deliveries/<name>.http`."""

    def __init__(self, play: Playground) -> None:
        self._play = play

    def menu(self) -> list[dict[str, str]]:
        """Every delivery that can be replayed, in the order of the folder."""
        root = self._play.options.deliveries
        if root is None or not root.is_dir():
            return []
        found: list[dict[str, str]] = []
        for path in sorted(root.glob("*/deliveries/*.http")):
            try:
                title = parse(_read(path), path.name).title
            except (NotADelivery, OSError) as problem:
                title = f"(cannot be replayed: {problem})"
            found.append({"source": path.parent.parent.name, "name": path.stem, "title": title})
        return found

    async def deliver(self, source: str, name: str) -> Answer:
        """Send one delivery to the bot's webhook address of that source.

        Raises:
            NotADelivery: there is no such file, or it cannot be read as one.
        """
        root, bot_url = self._play.options.deliveries, self._play.options.bot_url
        if (
            root is None
            or not SAFE_NAME.fullmatch(source)
            or not SAFE_NAME.fullmatch(name)
            or ".." in (source, name)
        ):
            raise NotADelivery(f"There is no delivery {source}/{name}.")
        if bot_url is None:
            raise NotADelivery("The bot's address is not known: start the playground with --bot-url.")
        path = root / source / "deliveries" / f"{name}.http"
        try:
            recorded = parse(_read(path), path.name)
        except OSError:
            raise NotADelivery(f"There is no delivery {source}/{name}.") from None
        secret, now = self._play.options.hook_secret(source), self._play.clock.moment()
        body = fill(recorded.body, secret=secret, now=now).encode()
        headers = {
            key: fill(value, secret=secret, now=now, signed=body)
            for key, value in recorded.headers.items()
            if key.lower() not in OWN_HEADERS
        }
        # One source may have several addresses of its own: /hooks/generic/uptime.
        path = recorded.path if recorded.path.startswith(f"/hooks/{source}/") else f"/hooks/{source}"
        return await self._send(path, name, body, headers)

    async def _send(self, path: str, name: str, body: bytes, headers: dict[str, str]) -> Answer:
        started = time.time(), time.perf_counter()
        url = f"{(self._play.options.bot_url or '').rstrip('/')}{path}"
        answer = await self._play.transport.post(url, body, headers, sign=False, patience_seconds=PATIENCE_SECONDS)
        self._play.traffic.record(
            at=started[0],
            direction="to_bot",
            what=f"{path.removeprefix('/')} {name}",
            status=answer.status,
            ms=(time.perf_counter() - started[1]) * 1_000,
            request=body,
            response=answer.text or {"failure": answer.failure},
        )
        return answer


def _read(path: Path) -> str:
    # Bytes as they are: newlines inside the body belong to the signature.
    return path.read_bytes().decode("utf-8", "replace")
