"""Who is in the workspace, kept in memory: a request never waits for Slack twice, and seldom once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.durations import rounded
from bot.core.people import Channel, Group, Person
from bot.core.ports import Clock
from bot.core.refusals import Refusal
from bot.slack.group_book import GroupBook
from bot.slack.inbound.event_shapes import is_well_formed
from bot.slack.people import JOINED, is_fresh, names_of, pages, person_of, why
from bot.slack.reaching import Reaching

FRESH_FOR = timedelta(hours=1)
ASKED_WITHIN = timedelta(seconds=1.5)  # of the three seconds in which a gesture must be answered
GROUPS_EVERY = timedelta(minutes=2)  # one call; Slack allows 20 a minute
PEOPLE_EVERY = timedelta(minutes=30)
PAGES_APART = timedelta(seconds=4)  # of the same 20 calls, so that a big workspace's pages leave some for others
READINGS_MAX = 3  # of the groups at once, where events come meanwhile

log = structlog.get_logger(__name__)

# What Slack says for good, and not for now: without the right, or on a plan without user groups.
_MAY_NOT = frozenset(
    {"missing_scope", "not_allowed_token_type", "no_permission", "plan_upgrade_required", "paid_teams_only"}
)
_FAILURES = (SlackClientError, ClientError, TimeoutError)


class SlackDirectory:
    """People, user groups and channels, as Slack's methods and events tell them. A ``bot.core.ports.Directory``.

    Somebody known is given at once, however old; what is older than ``FRESH_FOR`` is asked for anew meanwhile. Whoever
    decides by it says how old it may be. Events make it truer and not younger: a lost one is not noticed.
    """

    def __init__(self, client: AsyncWebClient, clock: Clock, *, team_id: str = "") -> None:
        self.team_id, self.reaching = team_id, Reaching()
        # Told of people whose zone, groups or standing changed; set once everybody was read for the first time.
        self.on_change: Callable[[Sequence[str]], None] | None = None
        self._client, self._clock = client, clock
        self._people: dict[str, Person] = {}
        self._handles: dict[str, frozenset[str]] = {}  # what each is called, in lower case
        self._called: dict[str, dict[str, None]] = {}  # the same the other way round: a text may hold 1,000 names
        self._asked_at: dict[str, Any] = {}
        self._changed_at: dict[str, float] = {}  # seconds since 1970, when Slack last changed somebody
        self._read_at: dict[str, datetime] = {}  # when Slack was asked for what we know of somebody
        self._groups = GroupBook()
        self._groups_read_at: datetime | None = None  # nothing where an event has told that we missed one
        self._channels: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def warm(self) -> None:
        """Read people, user groups and channels; what Slack does not let us read is logged and left out."""
        await asyncio.gather(
            self._warmed("people", self._read_people()),
            self._ask_groups(),
            self._warmed("channels", self._read_channels()),
        )

    async def _warmed(self, what: str, reading: Awaitable[None]) -> None:
        try:
            await reading
        except _FAILURES as error:
            log.warning("directory not read", what=what, error=why(error))

    async def keep_fresh(self) -> None:
        """Read user groups and people anew for ever, until cancelled: an event that was lost is made good by then."""
        for times in count(1):
            await asyncio.sleep(GROUPS_EVERY.total_seconds())
            await asyncio.wait((self._ask_groups(),))
            if times % (PEOPLE_EVERY // GROUPS_EVERY) == 0:
                await self._warmed("people", self._read_people(PAGES_APART))

    def missed_something(self) -> None:
        """Events may have been lost, as when a connection is new: what the groups are is read anew."""
        self._groups.heard += 1  # a list that is under way may be older than what was missed
        self._groups_read_at = None
        self._ask_groups()

    async def person(self, user_id: str, *, not_older: timedelta | None = None) -> Person:
        """Somebody by id; an unknown id gives a stranger.

        With ``not_older``, nothing about them or their groups is older than that: else Slack is asked first. Raises
        ``Refusal`` where Slack is silent.
        """
        if not_older is not None:
            return await self._surely(user_id, not_older)
        known = self._people.get(user_id)
        if known is not None:
            if not timedelta() <= self._clock.now() - self._asked_at[user_id] <= FRESH_FOR:
                self._ask(user_id)
            return known
        await asyncio.wait((self._ask(user_id),), timeout=ASKED_WITHIN.total_seconds())
        return self._known(user_id)

    def _known(self, user_id: str) -> Person:
        found = self._people.get(user_id)
        if found is None:
            raise Refusal(
                "Slack does not tell me just now who you are, so I cannot do this. Try again in a moment."
            )
        return found

    async def _surely(self, user_id: str, not_older: timedelta) -> Person:
        since = (now := self._clock.now()) - not_older
        asking = [self._ask(user_id)] if not is_fresh(self._read_at.get(user_id), since, now) else []
        asking += [self._ask_groups()] if not is_fresh(self._groups_read_at, since, now) else []
        if asking:
            await asyncio.wait(asking, timeout=ASKED_WITHIN.total_seconds())
        known, read = self._known(user_id), (self._read_at.get(user_id), self._groups_read_at)
        if not all(is_fresh(one, since, self._clock.now()) for one in read):
            raise Refusal(
                "Slack does not tell me just now what you are and which groups you are in, and I decide on nothing "
                f"that is older than {rounded(not_older)}. Nothing was done. Try again in a moment."
            )
        return known

    async def people(self) -> Sequence[Person]:
        """Everybody that is known and still here."""
        return self.everybody()

    async def groups(self) -> Sequence[Group]:
        """The workspace's user groups, by handle."""
        return self._groups.listed()

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
                f"Slack does not tell me about {name} just now ({why(error)}). Try again shortly."
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
                self._regrouped(self._groups.updated(group))
            case "subteam_members_changed":
                self._regrouped(self._groups.members_changed(event))

    async def close(self) -> None:
        """Stop asking."""
        for task in (running := [*self._tasks.values()]):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ask(self, user_id: str) -> "asyncio.Task[None]":
        """Read one person anew, in a task that all who wait for the same person share."""
        running = self._tasks.get(user_id)
        if running is None:
            running = self._tasks[user_id] = asyncio.get_running_loop().create_task(self._read_person(user_id))
            running.add_done_callback(lambda _: self._tasks.pop(user_id, None))
        return running

    def _ask_groups(self) -> "asyncio.Task[None]":
        """Read the groups anew, in a task that all who wait for them share."""
        running = self._tasks.get("groups")
        if running is None:
            reading = self._warmed("groups", self._read_groups())
            running = self._tasks["groups"] = asyncio.get_running_loop().create_task(reading)
            running.add_done_callback(lambda _: self._tasks.pop("groups", None))
        return running

    async def _read_person(self, user_id: str) -> None:
        asked_at = self._clock.now()
        try:
            answer = await self._client.users_info(user=user_id)
            self._learn(answer.get("user") or {"id": user_id}, asked_at)
        except SlackApiError as error:
            if error.response.get("error") in {"user_not_found", "user_not_visible"}:
                self._keep(Person(user_id, user_id, is_stranger=True), frozenset())
                self._read_at[user_id] = asked_at
            else:
                log.warning("person not read", user_id=user_id, error=why(error))
        except _FAILURES as error:
            log.warning("person not read", user_id=user_id, error=why(error))

    async def _read_people(self, pages_apart: timedelta = timedelta()) -> None:
        asked_at = self._clock.now()
        async for page in pages(self._client.users_list, self.reaching):
            for member in page.get("members") or ():
                self._learn(member, asked_at)
            await asyncio.sleep(pages_apart.total_seconds())
            asked_at = self._clock.now()

    async def _read_groups(self) -> None:
        """Those that are not disabled: Slack gives no others unless they are asked for."""
        for _ in range(READINGS_MAX):
            asked_at, heard = self._clock.now(), self._groups.heard
            try:
                answer = await self._client.usergroups_list(include_users=True)
                told = answer.get("usergroups") or ()
            except SlackApiError as error:
                if why(error) not in _MAY_NOT:
                    raise
                log.warning("directory not read", what="groups", error=why(error))
                told = ()  # whom Slack does not tell us of has nothing by it
            self._groups.read(told)
            self._regrouped(is_all=True)
            if heard == self._groups.heard:
                self._groups_read_at = asked_at
                return

    async def _read_channels(self) -> None:
        # Only our own: a big workspace has thousands, and what we are not in we cannot post to.
        async for page in pages(self._client.users_conversations, self.reaching, types=JOINED):
            for channel in page.get("channels") or ():
                self._channels[channel["id"]] = channel.get("name") or ""

    def _learn(self, user: Mapping[str, Any], read_at: datetime | None = None) -> None:
        """Take over what an answer (asked for at ``read_at``) or an event tells, unless we know what came later."""
        id = str(user.get("id"))
        if read_at is not None:
            self._read_at[id] = read_at
        changed_at = user.get("updated")
        if isinstance(changed_at, int | float):
            if changed_at < self._changed_at.get(id, 0):
                return
            self._changed_at[id] = changed_at
        self._keep(person_of(user, self._groups.of(id), self.team_id), names_of(user) or frozenset({id.casefold()}))

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

    def _regrouped(self, is_all: bool) -> None:
        """Give everybody the groups that they are in now; ``is_all``: nothing is missing, as far as one can see."""
        changed: list[str] = []
        for id, person in self._people.items():
            groups = self._groups.of(id)
            if groups != person.groups:
                self._people[id] = replace(person, groups=groups)
                changed.append(id)
        self._tell_of(changed)
        if not is_all:
            self.missed_something()

    def _tell_of(self, user_ids: Sequence[str]) -> None:
        if user_ids and self.on_change is not None:
            self.on_change(user_ids)
