"""What we say: one message per thing, kept true in place, its story in its thread."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Band(IntEnum):
    """Who goes first when a workspace's pace is used up. Three bands, no more (engine rule)."""

    NOW = 0
    NORMAL = 1
    BULK = 2


class Lasting(dict[str, Any]):
    """A template's context of values that nobody ever changes, so that what was made of them may be shown again."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a conversation should show under this key.

    The first ``Message`` with a key is posted; a later one with the same key edits it in place, newest wins.

    Attributes:
        key: names the logical message for ever, such as ``deployment:D-12``; unique in the outbox.
        to: ``#channel``, a channel id, or a user id (then it is a direct message).
        template: name below ``templates/`` without ``.j2``, such as ``deploy/card``.
        context: what the template may use; domain values, not markup.
        thread_of: key of the message whose thread this one belongs to; it is posted after that one.
        thread_ts: a message that is not ours, in whose thread this one belongs.
        broadcast: a reply that is also shown in the channel.
    """

    key: str
    to: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])
    thread_of: str | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    band: Band = Band.NORMAL


FILE_MAX = 2_000_000  # bytes; it stands in the outbox until it is sent, and goes within one call's time


@dataclass(frozen=True, slots=True)
class File:
    """A file for a conversation, with a message that says what it is; sent once under its key and never edited.

    Attributes:
        to: as of a ``Message``.
        name: as people save it, such as ``stand-up.csv``.
        template: of the message beside it; only its plain words are shown.
        alt: what a picture shows, in words.
        thread_of: as of a ``Message``.
    """

    key: str
    to: str
    name: str
    content: bytes
    template: str
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])
    alt: str = ""
    band: Band = Band.NORMAL
    thread_of: str | None = None

    @property
    def own_name(self) -> str:
        """The name with a mark of the key, by which it is found again in its conversation."""
        stem, dot, ending = self.name.rpartition(".")
        mark = hashlib.blake2b(self.key.encode(), digest_size=4).hexdigest()
        return f"{stem}-{mark}.{ending}" if dot else f"{self.name}-{mark}"


@dataclass(frozen=True, slots=True)
class Home:
    """A person's Home tab as it should be shown now; the newest wins."""

    user_id: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str:
        """One Home tab a person."""
        return f"home:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Slack takes it: its full plain-text equivalent (mrkdwn-escaped) and its blocks."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
