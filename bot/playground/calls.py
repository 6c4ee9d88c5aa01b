"""What a Web API method is: a function of a `Call` that returns what Slack would, or raises `ApiError`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.playground.workspace import Conversation, Person

if TYPE_CHECKING:
    from bot.playground.playground import Playground

Json = dict[str, Any]


class ApiError(Exception):
    """A Web API failure: `ok: false` with this code, and whatever else Slack adds to it."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def as_json(self) -> Json:
        return {"ok": False, "error": self.code} | self.extra


def invalid_arguments(*problems: str) -> ApiError:
    return ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {item}" for item in problems]})


@dataclass(slots=True)
class Call:
    """One use of a method: its arguments, already merged from query, form and JSON."""

    play: Playground
    args: Json

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name)
        return default if value is None else value if isinstance(value, str) else str(value)

    def need(self, name: str) -> str:
        """A required argument.

        Raises:
            ApiError: `invalid_arguments`, as Slack answers when it is missing.
        """
        if not (value := self.text(name)):
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true")

    def whole(self, name: str, default: int, most: int) -> int:
        value = self.text(name) or str(default)
        if not value.isdigit() or not int(value):
            raise invalid_arguments(f"must be a positive number: {name}")
        return min(int(value), most)

    def structure(self, name: str) -> Any:
        """A nested argument, given as JSON or as a string of JSON; None when absent or empty.

        Raises:
            ApiError: `invalid_<name>_format`; the string is not JSON.
        """
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ApiError(f"invalid_{name}_format") from None

    def listed(self, name: str) -> list[str]:
        """Ids given as a JSON list or joined by commas."""
        value = self.args.get(name)
        if isinstance(value, list):
            return [str(item) for item in value]
        text = self.text(name)
        if text.startswith("["):
            return [str(item) for item in self.structure(name)]
        return [item.strip() for item in text.split(",") if item.strip()]

    def conversation(self, name: str = "channel") -> Conversation:
        """The conversation that the bot names and can see.

        Raises:
            ApiError: `channel_not_found`; also for private channels where the bot is not.
        """
        found = self.play.workspace.find(self.need(name))
        bot = self.play.workspace.bot.id
        if found is None or ((found.is_private or found.kind != "channel") and bot not in found.members):
            raise ApiError("channel_not_found")
        return found

    def joined(self, name: str = "channel") -> Conversation:
        """The same, where the bot must be a member."""
        found = self.conversation(name)
        if self.play.workspace.bot.id not in found.members:
            raise ApiError("not_in_channel")
        return found

    def person(self, name: str = "user") -> Person:
        found = self.play.workspace.people.get(self.need(name))
        if found is None:
            raise ApiError("user_not_found")
        return found


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method and the scopes of which one is needed; `{kind}` stands for the conversation's."""

    name: str
    run: Callable[[Call], Json]
    scopes: tuple[str, ...]
    app_token: bool
    note: str


METHODS: dict[str, Method] = {}


def method(
    name: str, *scopes: str, app_token: bool = False, note: str = ""
) -> Callable[[Callable[[Call], Json]], Callable[[Call], Json]]:
    """Register a function as a Web API method."""

    def register(run: Callable[[Call], Json]) -> Callable[[Call], Json]:
        METHODS[name] = Method(name, run, scopes, app_token, note)
        return run

    return register


def page_of(call: Call, items: list[Any], key: str, *, limit: int = 100, most: int = 1_000) -> Json:
    """One page of a list, with the cursor to the next."""
    start_text = call.text("cursor")
    if start_text and not (start_text.startswith("next:") and start_text[5:].isdigit()):
        raise ApiError("invalid_cursor")
    start = int(start_text[5:]) if start_text else 0
    end = start + call.whole("limit", limit, most)
    cursor = f"next:{end}" if end < len(items) else ""
    return {key: items[start:end], "response_metadata": {"next_cursor": cursor}}
