"""Slack's user groups by id: who is in which, as lists and events tell it, in the order in which Slack changed them.

https://docs.slack.dev/reference/events/subteam_members_changed, https://docs.slack.dev/reference/events/subteam_updated
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.people import Group


class GroupBook:
    """What is known of the groups. One that is disabled has nobody in it, and is not listed."""

    def __init__(self) -> None:
        self.heard = 0  # events so far, so that a list which was asked for before one of them is seen to be old
        self._users: dict[str, frozenset[str]] = {}
        self._handles: dict[str, str] = {}
        # The same the other way round, as everybody is asked about after each event; nothing where it is to be made.
        self._by_person: dict[str, frozenset[str]] | None = None
        self._changed_at: dict[str, int] = {}  # seconds since 1970, by Slack's clock

    def of(self, user_id: str) -> frozenset[str]:
        """Ids of the groups that somebody is in."""
        if self._by_person is None:
            found: dict[str, set[str]] = {}
            for group, users in self._users.items():
                for user in users:
                    found.setdefault(user, set()).add(group)
            self._by_person = {user: frozenset(groups) for user, groups in found.items()}
        return self._by_person.get(user_id, frozenset())

    def listed(self) -> list[Group]:
        """Every group, by handle."""
        found = (Group(id, self._handles.get(id, id)) for id in self._users)
        return sorted(found, key=lambda group: group.handle)

    def read(self, groups: Iterable[Mapping[str, Any]]) -> None:
        """Take over a whole list: a group that is not in it is there no more."""
        self._users, self._by_person = {}, None
        for group in groups:
            self._take(str(group.get("id")), group)

    def updated(self, group: Mapping[str, Any]) -> bool:
        """Take over what an event tells of one group. False where that is not all of it, so that it is to be read."""
        self.heard += 1
        id, at = str(group.get("id")), _number(group.get("date_update"))
        if at and at < self._changed_at.get(id, 0):
            return True  # Slack sends what it could not deliver again, up to an hour later
        if "users" not in group and not group.get("date_delete"):
            return False
        self._take(id, group)
        # Events name 500 people at most; the count is right.
        return _number(group.get("user_count")) <= len(_ids(group.get("users"))) or bool(group.get("date_delete"))

    def members_changed(self, event: Mapping[str, Any]) -> bool:
        """Take over who came and left. False where an event before this one was lost."""
        self.heard += 1
        id, at = str(event.get("subteam_id")), _number(event.get("date_update"))
        known, before = self._changed_at.get(id, 0), _number(event.get("date_previous_update"))
        if at and at < known:
            return True
        if id not in self._users:
            return False  # of a group that is disabled, or that we have not heard of
        left, came = _ids(event.get("removed_users")), _ids(event.get("added_users"))
        self._users[id], self._by_person = (self._users[id] - left) | came, None
        self._changed_at[id] = max(at, known)
        return not (known and before > known)

    def _take(self, id: str, group: Mapping[str, Any]) -> None:
        self._changed_at[id] = _number(group.get("date_update"))
        self._by_person = None
        if group.get("date_delete") or group.get("is_disabled"):
            self._users.pop(id, None)
            return
        self._users[id] = _ids(group.get("users"))
        self._handles[id] = str(group.get("handle") or id)


def _ids(told: Any) -> frozenset[str]:
    return (
        frozenset(each for each in told if isinstance(each, str)) if isinstance(told, list | tuple) else frozenset()
    )


def _number(told: Any) -> int:
    """Slack writes counts and seconds as numbers, and in places as text."""
    try:
        return int(told or 0)
    except (TypeError, ValueError):
        return 0
