"""Who is in the workspace, kept in memory: a request never waits for Slack twice, and seldom once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.people import Channel, Group, Person
from bot.domain.ports import Clock
from bot.domain.refusals import Refusal
from bot.runtime.event_shapes import is_well_formed

FRESH_FOR = timedelta(hours=1)
ASKED_WITHIN = timedelta(seconds=1.5)  # of the three seconds in which a gesture must be answered
PAGE = 200  # Slack recommends no more; docs.slack.dev/reference/methods/users.list

log = structlog.get_logger(__name__)

_FAILURES = (SlackClientError, ClientError, TimeoutError)


class SlackDirectory:
    """People, user groups and channels, as Slack's methods and events tell them. A ``bot.domain.ports.Directory``.

    Somebody known is given at once, however old; what is older than ``FRESH_FOR`` is asked for anew meanwhile.
    """

    def __init__(self, client: AsyncWebClient, clock: Clock, *, team_id: str = "") -> None:
        self.team_id = team_id
        # Is told of people whose zone, groups or standing changed; set once everybody was read for the first time.
        self.on_change: Callable[[Sequence[str]], None] | None = None
        self._client = client
        self._clock = clock
        self._people: dict[str, Person] = {}
        self._handles: dict[str, frozenset[str]] = {}  # what each is called, in lower case
        self._called: dict[str, dict[str, None]] = {}  # the same the other way round: a text may hold 1,000 names
        self._asked_at: dict[str, Any] = {}
        self._groups: dict[str, frozenset[str]] = {}  # user group id -> user ids
        self._group_handles: dict[str, str] = {}  # user group id -> handle
        self._channels: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def warm(self) -> None:
        """Read people, user groups and channels; what Slack does not let us read is logged and left out."""
        await asyncio.gather(
            self._warmed("people", self._read_people()),
            self._warmed("groups", self._read_groups()),
            self._warmed("channels", self._read_channels()),
        )

    async def _warmed(self, what: str, reading: Awaitable[None]) -> None:
        try:
            await reading
        except _FAILURES as error:
            log.warning("directory not read", what=what, error=_why(error))

    async def person(self, user_id: str) -> Person:
        """Somebody by id; an unknown id gives a stranger. Raises ``Refusal`` where Slack is silent."""
        known = self._people.get(user_id)
        if known is not None:
            if self._clock.now() - self._asked_at[user_id] > FRESH_FOR:
                self._ask(user_id)
            return known
        asking = self._ask(user_id)
        await asyncio.wait((asking,), timeout=ASKED_WITHIN.total_seconds())
        found = self._people.get(user_id)
        if found is None:
            raise Refusal(
                "Slack does not tell me just now who you are, so I cannot do this. Try again in a moment."
            )
        return found

    async def people(self) -> Sequence[Person]:
        """Everybody that is known and still here."""
        return self.everybody()

    async def groups(self) -> Sequence[Group]:
        """The workspace's user groups, by handle."""
        found = (Group(id, handle) for id, handle in self._group_handles.items() if id in self._groups)
        return sorted(found, key=lambda group: group.handle)

    async def channel(self, name: str) -> Channel | None:
        """A conversation by id or name; nothing where we see none. Raises ``Refusal`` where Slack is silent."""
        id = self.channel_named(name) or name
        try:
            async with asyncio.timeout(ASKED_WITHIN.total_seconds()):
                answer = await self._client.conversations_info(channel=id)
        except SlackApiError as error:
            if error.response.get("error") in {"channel_not_found", "invalid_arguments"}:
                return None
            raise Refusal(
                f"Slack does not tell me about {name} just now ({_why(error)}). Try again shortly."
            ) from error
        except _FAILURES as error:
            raise Refusal(f"Slack does not tell me about {name} just now. Try again shortly.") from error
        found = answer.get("channel") or {}
        self._channels[id] = str(found.get("name") or id)
        is_member = bool(found.get("is_member"))
        return Channel(id, self._channels[id], is_member, is_archived=bool(found.get("is_archived")))

    def everybody(self) -> Sequence[Person]:
        """The same, at once."""
        return [person for person in self._people.values() if not person.is_gone]

    def name_of(self, id: str) -> str | None:
        """Display name of a user id or name of a channel id, where known."""
        person = self._people.get(id)
        return person.name if person else self._channels.get(id)

    def people_named(self, name: str) -> Sequence[Person]:
        """People of this handle, display name, full name or first name; case does not matter."""
        wanted = name.casefold()
        found = (self._people[id] for id in self._called.get(wanted, ()))
        return [person for person in found if not person.is_gone]

    def channel_named(self, name: str) -> str | None:
        """The id of a channel, with or without ``#``."""
        wanted = name.removeprefix("#")
        return next((id for id, known in self._channels.items() if known == wanted), None)

    def happened(self, event: Mapping[str, Any]) -> None:
        """Take over what an event tells of people, groups and channels; other events are none of our business."""
        if not is_well_formed(event):
            log.warning("event not readable", kind=str(event.get("type")))
            return
        user, channel, group = event.get("user"), event.get("channel"), event.get("subteam")
        match event.get("type"):
            case "user_change" | "team_join" if isinstance(user, dict):
                self._learn(user)
            case "channel_rename" | "channel_created" | "group_rename" if isinstance(channel, dict):
                self._channels[str(channel.get("id"))] = str(channel.get("name"))
            case "subteam_created" | "subteam_updated" if isinstance(group, dict):
                self._group_handles[str(group.get("id"))] = str(group.get("handle") or group.get("id"))
                self._regroup(str(group.get("id")), group.get("users") or ())
            case "subteam_members_changed":
                id = str(event.get("subteam_id"))
                left = set(event.get("removed_users") or ())
                self._regroup(id, (self._groups.get(id, frozenset()) - left) | set(event.get("added_users") or ()))

    async def close(self) -> None:
        """Stop asking."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _ask(self, user_id: str) -> "asyncio.Task[None]":
        """Read one person anew, in a task that all who wait for the same person share."""
        running = self._tasks.get(user_id)
        if running is None:
            running = self._tasks[user_id] = asyncio.get_running_loop().create_task(self._read_person(user_id))
            running.add_done_callback(lambda _: self._tasks.pop(user_id, None))
        return running

    async def _read_person(self, user_id: str) -> None:
        try:
            answer = await self._client.users_info(user=user_id)
            self._learn(answer.get("user") or {"id": user_id})
        except SlackApiError as error:
            if error.response.get("error") in {"user_not_found", "user_not_visible"}:
                self._keep(Person(user_id, user_id, is_stranger=True), frozenset())
            else:
                log.warning("person not read", user_id=user_id, error=_why(error))
        except _FAILURES as error:
            log.warning("person not read", user_id=user_id, error=_why(error))

    async def _read_people(self) -> None:
        async for page in self._pages("users_list"):
            for member in page.get("members") or ():
                self._learn(member)

    async def _read_groups(self) -> None:
        answer = await self._client.usergroups_list(include_users=True)
        for group in answer.get("usergroups") or ():
            self._group_handles[group["id"]] = str(group.get("handle") or group["id"])
            self._regroup(group["id"], group.get("users") or ())

    async def _read_channels(self) -> None:
        # Only our own: a big workspace has thousands, and what we are not in we cannot post to.
        async for page in self._pages("users_conversations", types="public_channel,private_channel"):
            for channel in page.get("channels") or ():
                self._channels[channel["id"]] = channel.get("name") or ""

    async def _pages(self, method: str, **arguments: Any) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        while True:
            page = await getattr(self._client, method)(limit=PAGE, cursor=cursor or None, **arguments)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _learn(self, user: Mapping[str, Any]) -> None:
        id = str(user.get("id"))
        profile = user.get("profile") or {}
        real = profile.get("real_name") or user.get("real_name") or ""
        name = profile.get("display_name") or real or user.get("name") or id
        person = Person(
            id,
            name,
            zone=_zone(user.get("tz")),
            is_admin=bool(user.get("is_admin") or user.get("is_owner")),
            is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            is_stranger=bool(user.get("is_stranger")) or self._is_elsewhere(user),
            is_bot=bool(user.get("is_bot")) or id == "USLACKBOT",
            is_gone=bool(user.get("deleted")),
            groups=frozenset(group for group, users in self._groups.items() if id in users),
        )
        called = {name, real, user.get("name") or "", real.partition(" ")[0]}
        self._keep(person, frozenset(each.casefold() for each in called if each))

    def _is_elsewhere(self, user: Mapping[str, Any]) -> bool:
        """Whether it is somebody of another workspace, met through Slack Connect."""
        return bool(self.team_id and user.get("team_id") and user["team_id"] != self.team_id)

    def _keep(self, person: Person, handles: frozenset[str]) -> None:
        before = self._people.get(person.id)
        self._people[person.id] = person
        if before is not None and replace(before, name=person.name, is_admin=person.is_admin) != person:
            self._tell_of([person.id])
        for handle in self._handles.get(person.id, frozenset()) - handles:
            self._called[handle].pop(person.id, None)
        for handle in handles:
            self._called.setdefault(handle, {})[person.id] = None
        self._handles[person.id] = handles
        self._asked_at[person.id] = self._clock.now()

    def _regroup(self, group_id: str, users: Any) -> None:
        self._groups[group_id] = frozenset(users)
        changed: list[str] = []
        for id, person in self._people.items():
            is_in = id in self._groups[group_id]
            if is_in != (group_id in person.groups):
                groups = person.groups | {group_id} if is_in else person.groups - {group_id}
                self._people[id] = replace(person, groups=groups)
                changed.append(id)
        self._tell_of(changed)

    def _tell_of(self, user_ids: Sequence[str]) -> None:
        if user_ids and self.on_change is not None:
            self.on_change(user_ids)


def _zone(name: Any) -> str:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return str(name)


def _why(error: BaseException) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error"))
    return type(error).__name__
