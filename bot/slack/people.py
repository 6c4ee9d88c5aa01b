"""How Slack describes people, read as a ``Person`` and as what one is called; and the pages that it lists things by.

https://docs.slack.dev/reference/objects/user-object
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk.errors import SlackApiError

from bot.core.people import Person
from bot.slack.reaching import Reaching

JOINED = "public_channel,private_channel"  # kinds of conversations
PAGE = 200  # Slack recommends no more; docs.slack.dev/reference/methods/users.list


async def pages(
    method: Callable[..., Awaitable[Any]], reaching: Reaching, **arguments: Any
) -> AsyncIterator[Mapping[str, Any]]:
    """Every page of what a method of Slack's lists; one that does not come is asked for again, not all of them."""
    cursor = ""
    while True:
        asked = partial(method, limit=PAGE, cursor=cursor or None, **arguments)
        page = await reaching.should(method.__name__, asked)
        yield page
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return


def person_of(user: Mapping[str, Any], groups: frozenset[str], team_id: str) -> Person:
    """Somebody, seen from the workspace ``team_id``: people of others, met through Slack Connect, are strangers."""
    id, real = str(user.get("id")), _real_name(user)
    elsewhere = bool(team_id and user.get("team_id") and user["team_id"] != team_id)
    return Person(
        id,
        _profile(user).get("display_name") or real or user.get("name") or id,
        zone=_zone(user.get("tz")),
        is_admin=bool(user.get("is_admin") or user.get("is_owner")),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")) or elsewhere,
        is_bot=bool(user.get("is_bot")) or id == "USLACKBOT",
        is_gone=bool(user.get("deleted")),
        groups=groups,
    )


def names_of(user: Mapping[str, Any]) -> frozenset[str]:
    """Handle, display name, full name and first name, without regard to case."""
    real = _real_name(user)
    called = {_profile(user).get("display_name"), real, user.get("name"), real.partition(" ")[0]}
    return frozenset(each.casefold() for each in called if each)


def _profile(user: Mapping[str, Any]) -> Mapping[str, Any]:
    return user.get("profile") or {}


def _real_name(user: Mapping[str, Any]) -> str:
    return _profile(user).get("real_name") or user.get("real_name") or ""


def _zone(name: Any) -> str:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return str(name)


def why(error: BaseException) -> str:
    """Slack's word for what went wrong, or the kind of trouble on the way."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error"))
    return type(error).__name__


def is_fresh(read_at: datetime | None, since: datetime, now: datetime) -> bool:
    """Whether something was read since then; what is dated ahead of now (the clock was put back) counts as unread."""
    return read_at is not None and since <= read_at <= now
