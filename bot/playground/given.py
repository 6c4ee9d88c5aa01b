"""What the page sends: a JSON object, its parts asked for by name, with a sentence for each that is missing."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Impossible(Exception):
    """A person cannot do this here: a code, a sentence for them, and the HTTP status for the page."""

    def __init__(self, code: str, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.status = status


def nonsense(sentence: str) -> Impossible:
    return Impossible("invalid_request", sentence)


class Given:
    """The content of one request of the page."""

    def __init__(self, content: Json) -> None:
        self.content = content

    def __contains__(self, name: str) -> bool:
        return name in self.content

    def text(self, name: str) -> str:
        """A text that must be there.

        Raises:
            Impossible: it is missing or is something else.
        """
        value = self.content.get(name)
        if not isinstance(value, str):
            raise nonsense(f"{name} is missing or is no text.")
        # Half of a surrogate pair is valid in JSON and nowhere else.
        return value.encode("utf-8", "replace").decode()

    def maybe(self, name: str) -> str | None:
        return None if self.content.get(name) is None else self.text(name)

    def number(self, name: str) -> float:
        """A number that must be there.

        Raises:
            Impossible: it is missing or is something else.
        """
        value = self.content.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise nonsense(f"{name} is missing or is no number.")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        return bool(self.content.get(name, default))

    def part(self, name: str) -> Given:
        value = self.content.get(name)
        return Given(value if isinstance(value, dict) else {})

    def state(self) -> Json | None:
        """`state.values` as the page knows it, or None when it sends none."""
        value = self.content.get("state")
        return value if isinstance(value, dict) else None


async def given_in(request: web.Request) -> Given:
    """The JSON object in a request's body.

    Raises:
        Impossible: there is none.
    """
    try:
        content = json.loads(await request.read())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise nonsense("The body is not a JSON object.")
    return Given(content)


def whole(request: web.Request, name: str, default: int) -> int:
    """A whole number from the address.

    Raises:
        Impossible: it is something else.
    """
    text = request.query.get(name, str(default))
    if not text.isdecimal() or len(text) > 12:
        raise nonsense(f"{name} is no whole number.")
    return int(text)
