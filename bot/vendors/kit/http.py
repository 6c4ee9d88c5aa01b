"""Asks somebody over HTTP once, and tells apart what was never sent from what was sent and not answered well."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    InvalidURL,
)
from yarl import URL

from bot.core.host_tokens import origin_of
from bot.stages.code.model.ports import HostUnreachable
from bot.vendors.kit import json_text
from bot.vendors.kit.bodies import body_of
from bot.vendors.kit.output import TAIL, Lines

LIMIT = timedelta(seconds=15)  # of one request
CONNECTING = timedelta(seconds=8)  # shorter, so that we know that nothing was sent when it is over
BODY_MAX = 6 * 1024 * 1024  # bytes; a hundred workflow runs have about 2 MB
LOG_MAX = 16 * 1024 * 1024  # bytes of a log that are read for the sake of its end
SAID_MAX = 200  # characters of somebody's own words that are passed on


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, its body cut at the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotReached(Exception):
    """Nothing was sent: there was nobody at the address. The text says so, without secrets."""


class NoAnswer(Exception):
    """It was sent, and there was no whole answer. The text says what happened, without secrets."""


class Refused(HostUnreachable):
    """It answered, and not well; ``status`` is which HTTP status it gave."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


def json_in(answer: Answer) -> Any:
    """What its body holds as JSON; None where it holds none that is read."""
    try:
        return json_text.loaded(answer.body)
    except ValueError:
        return None


async def ask(
    session: ClientSession,
    method: str,
    url: str | URL,
    *,
    who: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    limit: timedelta = LIMIT,
    body_max: int = BODY_MAX,
) -> Answer:
    """The answer to one request; redirects are not followed, as that would be a second one.

    Raises ``NotReached``, ``NoAnswer``.
    """
    seconds = limit.total_seconds()
    patience = ClientTimeout(total=seconds, connect=min(CONNECTING.total_seconds(), seconds / 2))
    try:
        async with session.request(
            method, url, headers=headers, data=body, timeout=patience, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await body_of(answer.content, body_max))
    except (ClientConnectorError, ConnectionTimeoutError) as error:
        trouble: Exception = NotReached(f"{who} cannot be reached from here ({type(error).__name__})")
    except InvalidURL:
        trouble = NotReached(f"{who} cannot be reached: that is no address")
    except TimeoutError:
        trouble = NoAnswer(f"{who} did not answer within {seconds:g} s")
    except (ClientError, OSError) as error:
        trouble = NoAnswer(f"{who} broke off before it had answered ({type(error).__name__})")
    # Not within the handlers: errors of aiohttp hold our request with its headers, and would come along as a context.
    raise trouble


async def tail_of(
    session: ClientSession, url: str | URL, *, who: str, headers: Mapping[str, str], limit: timedelta = LIMIT
) -> list[str]:
    """The last lines of a log, cleaned; none where it is larger than is worth reading for them.

    Logs may lie elsewhere, at a signed address: one redirect is followed, and none of our headers goes there.
    Raises ``NotReached``, ``NoAnswer``.
    """
    answer = await ask(session, "GET", url, who=who, headers=headers, limit=limit, body_max=LOG_MAX + 1)
    if answer.status in {301, 302, 303, 307, 308}:
        try:
            there = URL(str(url)).join(URL(answer.headers.get("Location", ""), encoded=True))
        except ValueError:
            return []
        answer = await ask(session, "GET", there, who=who, headers={}, limit=limit, body_max=LOG_MAX + 1)
    if answer.status != 200 or len(answer.body) > LOG_MAX:
        return []
    lines = Lines(most=0)
    return [*lines.feed(answer.body), *lines.finish()][-TAIL:]


def said(text: object, *, without: str | None = None, most: int = SAID_MAX) -> str:
    """Somebody's own words as part of a sentence of ours: one line, cut, without a secret that they may repeat."""
    words = str(text).replace(without, "…") if without else str(text)
    line = " ".join("".join(each if each.isprintable() else " " for each in words).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def no_token_for(api: str, variable: str, own: str) -> str:
    """That this server is not asked to begin anything, and what to set so that it is."""
    try:
        origin = origin_of(api)
    except ValueError:
        return "its address in the team file is none"
    host = origin.partition("://")[2]
    missing = f"{variable}_TOKEN is not set" if origin == own else f"{variable}_TOKENS names no token for {host}"
    return f"{missing}, and it begins nothing for strangers"


def names(text: object, run: str) -> bool:
    """Whether a title names this start: ``D-12/1`` is not in ``D-12/10``."""
    return isinstance(text, str) and bool(re.search(rf"(?<![\w-]){re.escape(run)}(?!\w)", text))


def link(value: object) -> str:
    """An address that a person may be sent to; "" for anything else."""
    is_link = isinstance(value, str) and re.fullmatch(r"https?://[^\s<>|]{1,2000}", value)
    return str(value) if is_link else ""


def text_in(body: Any, field: str) -> str:
    """The text of this name; "" where there is none."""
    value = body.get(field) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else ""


def items_in(body: Any, field: str = "") -> list[Mapping[str, Any]]:
    """The objects of a list, or of the list of this name; none where there is no such list."""
    value = body.get(field) if field and isinstance(body, Mapping) else body
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
