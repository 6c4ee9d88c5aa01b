"""The last exchanges between the workspace and the bot, for looking at; secrets never leave this module."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]

KEPT_ROWS = 500
SHOWN_CHARACTERS = 20_000
SECRET_NAMES = re.compile(r"token|secret|authorization|signature|password", re.IGNORECASE)
SECRET_VALUES = re.compile(
    r"\bx(?:ox[a-z]|app)-[\w-]+|(?<=/respond/)[\w/-]+|(?<=/upload/)[\w/-]+|(?<=ticket=)[\w-]+"
)
HIDDEN = "[hidden]"


def redact(value: Any) -> Any:
    """The same structure without anything that opens a door."""
    if isinstance(value, dict):
        return {key: HIDDEN if SECRET_NAMES.search(key) and item else redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return SECRET_VALUES.sub(HIDDEN, value) if isinstance(value, str) else value


def readable(body: bytes | str | Json | None) -> Any:
    """A body as structure where it has one: JSON, form, or a form that carries JSON."""
    if body is None or isinstance(body, dict):
        return redact(body)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        found = json.loads(text)
        return redact(found) if isinstance(found, (dict, list)) else redact(text)
    except (ValueError, RecursionError):
        pass
    if re.match(r"[\w.]+=", text):
        return {
            name: readable(item) if item[:1] in "{[" else redact({name: item})[name]
            for name, item in parse_qsl(text)
        }
    return redact(text[:SHOWN_CHARACTERS])


@dataclass(slots=True)
class Row:
    n: int
    at: float  # seconds since the epoch, the machine's clock
    direction: str  # to_bot | from_bot
    what: str
    status: int  # of HTTP; 0 when nothing was answered
    ms: float
    request: bytes | str | Json | None
    response: bytes | str | Json | None

    def as_json(self) -> Json:
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return {
            "n": self.n,
            "at": moment.replace("+00:00", "Z"),
            "direction": self.direction,
            "what": self.what,
            "status": self.status,
            "ms": round(self.ms, 1),
            "request": readable(self.request),
            "response": readable(self.response),
        }


class Traffic:
    """A ring of rows; `on_row` hears of each new one."""

    def __init__(self, on_row: Callable[[Row], None]) -> None:
        self._rows: deque[Row] = deque(maxlen=KEPT_ROWS)
        self._on_row = on_row
        self._taken = 0

    def record(
        self, *, at: float, direction: str, what: str, status: int, ms: float, request: Any, response: Any
    ) -> None:
        self._taken += 1
        row = Row(self._taken, at, direction, what, status, ms, request, response)
        self._rows.append(row)
        self._on_row(row)

    def after(self, n: int) -> list[Json]:
        return [row.as_json() for row in self._rows if row.n > n]
