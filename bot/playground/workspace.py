"""The workspace's memory: people, conversations, messages and threads, with Slack's rules for `ts`."""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.playground.clock import Clock
from bot.playground.ids import Ids

Json = dict[str, Any]
MICROS = 1_000_000
TS_PATTERN = re.compile(r"\d{1,12}\.\d{6}")


def micros(ts: str) -> int:
    """A `ts` as an integer of microseconds, for comparing; a float would lose digits."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * MICROS + int((fraction + "000000")[:6])


@dataclass
class Person:
    id: str
    name: str
    real_name: str
    title: str
    tz: str
    color: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    presence: str = "active"

    @property
    def first_name(self) -> str:
        """How they are called in a conversation: the display name of their profile."""
        return self.real_name.partition(" ")[0]

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.real_name.split()[:2]).upper()


@dataclass(slots=True)
class Message:
    """One message as Slack would return it, and what Slack keeps to itself."""

    body: Json
    channel: str
    received_at: float  # seconds since the epoch on the machine's clock, not the workspace's
    only_for: str | None = None  # the one person an ephemeral message is shown to
    updates: list[float] = field(default_factory=list)

    @property
    def ts(self) -> str:
        return self.body["ts"]

    @property
    def is_reply(self) -> bool:
        return self.body.get("thread_ts", self.ts) != self.ts

    @property
    def in_channel(self) -> bool:
        """Whether it stands in the channel itself: not a reply, or a reply also sent there."""
        return not self.is_reply or self.body.get("subtype") == "thread_broadcast"


@dataclass
class Conversation:
    id: str
    name: str
    kind: str = "channel"  # channel | im | mpim
    topic: str = ""
    purpose: str = ""
    creator: str = ""
    created: int = 0
    is_private: bool = False
    is_archived: bool = False
    is_general: bool = False
    members: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)  # oldest first: ts only grow
    moments: list[int] = field(default_factory=list)  # the same, as microseconds, for windows
    threads: dict[str, list[str]] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    last_micros: int = 0

    def with_whom(self, person_id: str) -> str | None:
        """The other side of a direct conversation."""
        return next((member for member in self.members if member != person_id), None)

    def between(self, oldest: int | None, latest: int | None, inclusive: bool) -> Iterator[Message]:
        """Messages of a window of microseconds, newest first."""
        before, after = (bisect_left, bisect_right) if inclusive else (bisect_right, bisect_left)
        start = 0 if oldest is None else before(self.moments, oldest)
        end = len(self.moments) if latest is None else after(self.moments, latest)
        for position in range(end - 1, start - 1, -1):
            moment = self.moments[position]
            yield self.messages[f"{moment // MICROS}.{moment % MICROS:06d}"]


@dataclass
class UserGroup:
    id: str
    handle: str
    name: str
    users: list[str]


class Workspace:
    """Everything the workspace remembers; methods only change memory and never call anybody."""

    def __init__(self, team: Json, bot: Person, *, clock: Clock, ids: Ids) -> None:
        self.team = team
        self.bot = bot
        self.bot_id: str = team["bot_id"]
        self.app_id: str = team["app_id"]
        self.clock = clock
        self.ids = ids
        self.people: dict[str, Person] = {bot.id: bot}
        self.conversations: dict[str, Conversation] = {}
        self.groups: dict[str, UserGroup] = {}
        self.files: dict[str, Json] = {}
        self._read: dict[tuple[str, str], int] = {}

    def next_ts(self, conversation: Conversation) -> str:
        """A `ts` later than every earlier one of this conversation, by the workspace's clock."""
        moment = max(int(self.clock.now() * MICROS), conversation.last_micros + 1)
        conversation.last_micros = moment
        return f"{moment // MICROS}.{moment % MICROS:06d}"

    def find(self, id_or_name: str) -> Conversation | None:
        """A conversation by its id, or a channel by its name with or without `#`."""
        if found := self.conversations.get(id_or_name):
            return found
        name = id_or_name.removeprefix("#")
        return next((c for c in self.conversations.values() if c.kind == "channel" and c.name == name), None)

    def direct(self, person_id: str) -> Conversation:
        """The direct conversation of the bot with one person, opened when there is none yet."""
        for conversation in self.conversations.values():
            if conversation.kind == "im" and person_id in conversation.members:
                return conversation
        taken = f"D{person_id[1:]}"
        opened = Conversation(
            taken if taken not in self.conversations else self.ids.take("D"),
            self.people[person_id].name,
            kind="im",
            created=int(self.clock.now()),
            members=[self.bot.id, person_id],
        )
        self.conversations[opened.id] = opened
        return opened

    def may_see(self, person_id: str, conversation: Conversation) -> bool:
        """Members see everything; others see public channels, except guests, who see only their own."""
        if person_id in conversation.members:
            return True
        return (
            conversation.kind == "channel" and not conversation.is_private and not self.people[person_id].is_guest
        )

    def add(self, conversation: Conversation, body: Json) -> Message:
        """Keep a message under a new `ts` and count it in its thread."""
        ts = body.get("ts") or self.next_ts(conversation)
        body["ts"] = ts
        message = Message(body, conversation.id, time.time())
        conversation.messages[ts] = message
        conversation.moments.append(micros(ts))
        if message.is_reply:
            conversation.threads.setdefault(body["thread_ts"], []).append(ts)
            self._count_replies(conversation, body["thread_ts"])
        author = body.get("user")
        if author in self.people and not message.is_reply:
            self.mark_read(author, conversation)
        return message

    def whisper(self, conversation: Conversation, body: Json, person_id: str) -> Message:
        """Keep a message that only one person sees."""
        body["ts"] = self.next_ts(conversation)
        message = Message(body, conversation.id, time.time(), only_for=person_id)
        conversation.ephemerals.append(message)
        return message

    def remove(self, conversation: Conversation, message: Message) -> bool:
        """Forget a message; true when it leaves a tombstone because others replied to it."""
        if message.only_for:
            conversation.ephemerals.remove(message)
            return False
        if conversation.threads.get(message.ts):
            keep = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "hidden": True}
            thread = ("ts", "thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply")
            message.body = keep | {"user": "USLACKBOT"} | {k: message.body[k] for k in thread if k in message.body}
            return True
        del conversation.messages[message.ts]
        del conversation.moments[bisect_left(conversation.moments, micros(message.ts))]
        if message.ts in conversation.pins:
            conversation.pins.remove(message.ts)
        if message.is_reply:
            parent = message.body["thread_ts"]
            conversation.threads[parent].remove(message.ts)
            self._count_replies(conversation, parent)
        return False

    def _count_replies(self, conversation: Conversation, parent_ts: str) -> None:
        parent = conversation.messages.get(parent_ts)
        if parent is None:
            return
        replies = conversation.threads.get(parent_ts, [])
        if not replies:
            for key in ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"):
                parent.body.pop(key, None)
            return
        if parent.body.get("reply_count") == len(replies) - 1:  # one more: the long way round is quadratic
            users = list(parent.body.get("reply_users", []))
            added = conversation.messages[replies[-1]].body.get("user")
            users = users if added in users else [*users, added]
        else:
            users = list(dict.fromkeys(conversation.messages[ts].body.get("user") for ts in replies))
        parent.body |= {
            "thread_ts": parent_ts,
            "reply_count": len(replies),
            "reply_users": users,
            "reply_users_count": len(users),
            "latest_reply": replies[-1],
            "is_locked": False,
            "subscribed": False,
        }

    def mark_read(self, person_id: str, conversation: Conversation) -> None:
        self._read[person_id, conversation.id] = conversation.last_micros

    def unread(self, person_id: str, conversation: Conversation) -> tuple[int, int]:
        """How many messages a person has not seen, and how many of them call for that person."""
        unread = mentions = 0
        for message in conversation.between(self._read.get((person_id, conversation.id), 0) + 1, None, True):
            if message.body.get("user") == person_id or message.body.get("hidden"):
                continue
            called = conversation.kind == "im" or self.calls_for(person_id, message.body.get("text") or "")
            unread += message.in_channel
            mentions += called and (message.in_channel or conversation.kind != "im")
        return unread, mentions

    def calls_for(self, person_id: str, text: str) -> bool:
        """Whether a text would light up a person's name: by mention, group or mass mention."""
        if "<" not in text:
            return False
        if f"<@{person_id}" in text or re.search(r"<!(here|channel|everyone)\b", text):
            return True
        groups = re.findall(r"<!subteam\^(\w+)", text)
        return any(person_id in self.groups[group].users for group in groups if group in self.groups)
