"""Events about people, user groups and channels: whether they have the form in which Slack sends them.

What has another form is not taken over: half of it would be worse than what is known already, and asking Slack anew
mends both. docs.slack.dev/reference/events
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

_NAMES = ("name", "real_name", "display_name", "handle", "tz", "team_id")
_PEOPLE = ("users", "added_users", "removed_users")


def is_well_formed(event: Mapping[str, Any]) -> bool:
    """Whether what we read of such an event is of the kind that it should be."""
    match event.get("type"):
        case "user_change" | "team_join":
            user = event.get("user")
            return (
                _is_thing(user) and _is_absent_or_mapping(user.get("profile")) and _fits(user.get("profile") or {})
            )
        case "channel_rename" | "channel_created" | "group_rename":
            channel = event.get("channel")
            return _is_thing(channel) and _is_id(channel.get("name"))
        case "subteam_created" | "subteam_updated":
            return _is_thing(event.get("subteam"))
        case "subteam_members_changed":
            return _is_id(event.get("subteam_id")) and _fits(event)
    return True


def _is_thing(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict) and _is_id(value.get("id")) and _fits(value)  # pyright: ignore


def _fits(fields: Mapping[str, Any]) -> bool:
    names = all(isinstance(fields.get(name), str | None) for name in _NAMES)
    return names and all(_is_absent_or_ids(fields.get(name)) for name in _PEOPLE)


def _is_absent_or_mapping(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _is_absent_or_ids(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(_is_id(one) for one in value))  # pyright: ignore


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
