"""What is to be done next in a conversation, and how it ended: the words between outbox and messenger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from bot.core.messages import Band

UPLOAD = "upload"  # the type of the block that holds a file's name, title, alt and content (base64)


class Doing(StrEnum):
    """What a step asks of Slack."""

    RESOLVE = "resolve"  # find the channel behind "#deploys" or a user id
    POST = "post"
    EDIT = "edit"
    UPLOAD = "upload"  # send a file
    SHOW = "show"  # publish a Home tab
    LOOK = "look"  # was it posted? An attempt ended in doubt
    CHECK = "check"  # it was posted again after a doubt: is it there twice after all?


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do for one message, leased to whoever claimed it.

    Attributes:
        lane: the conversation's queue it stands in; one step of a lane is out at a time.
        to: as it was put: ``#name``, a channel id or a user id.
        channel: the channel's id, once known.
        thread_ts: of the parent, where this is a reply.
        revision: of the content in ``text`` and ``blocks``; rises with every change.
        attempt: how many times a call was made for this row, this one included.
        generation: 2 and more where somebody deleted the message and it was posted anew.
        since: when the first attempt started whose end is not known.
        refusals: how often Slack has said a definite no since it last said yes.
        looks: how often the conversation was searched for it in this doubt.
        not_before: where it was claimed a little ahead of time, when it may go.
    """

    doing: Doing
    id: int
    key: str
    lane: str
    to: str
    channel: str | None
    ts: str | None
    thread_ts: str | None
    broadcast: bool
    band: Band
    text: str
    blocks: tuple[dict[str, Any], ...]
    revision: int
    attempt: int
    generation: int
    since: datetime
    not_before: datetime
    refusals: int = 0
    looks: int = 0

    @property
    def file(self) -> dict[str, Any] | None:
        """The file that it is, if it is one: ``name``, ``title``, ``alt`` and ``content``."""
        return next((block for block in self.blocks if block.get("type") == UPLOAD), None)


@dataclass(frozen=True, slots=True)
class Sent:
    """Slack shows it: posted, edited, published, or found to have been posted after all."""

    step: Step
    at: datetime
    channel: str | None
    ts: str | None
    revision: int


@dataclass(frozen=True, slots=True)
class Later:
    """It is not there, and will be tried again.

    Attributes:
        until: not before.
        refused: whether this counts towards giving up (an outage does not).
        plain: whether the blocks were refused, so that the text goes alone.
        missing: whether it was searched for in vain after a doubt.
        paced: whether Slack asked for this pause, so that nothing else in the conversation goes just now.
    """

    step: Step
    until: datetime
    reason: str
    refused: bool = False
    plain: bool = False
    missing: bool = False
    paced: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody knows whether it was posted; look (again) at ``until``."""

    step: Step
    until: datetime
    reason: str
    looks: int


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody deleted it; it is owed anew, as the next generation."""

    step: Step


@dataclass(frozen=True, slots=True)
class Dead:
    """It cannot be sent as things are. An admin sees it and can have it sent again."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The conversation's channel is known now."""

    step: Step
    channel: str


@dataclass(frozen=True, slots=True)
class Checked:
    """It stands there once; ``ts`` is the one that stayed, ``again`` the next check where it could not be told."""

    step: Step
    ts: str | None
    again: datetime | None = None


Ending: TypeAlias = Sent | Later | Doubt | Gone | Dead | Resolved | Checked


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be done now, and the next instant at which to ask again (None: when woken)."""

    steps: Sequence[Step]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast Slack lets us talk.

    Attributes:
        post_gap: between the end of one post and the next in a channel; Slack allows about one a second.
        edit_gap: between two edits in a channel (chat.update is in the tier of 50 a minute).
        per_second: what the workspace's bucket is refilled with; Slack says "several hundred a minute".
        burst: how much the bucket holds.
        overdraft: how far NORMAL may go below nothing; BULK waits at nothing, NOW never waits.
        lease: how long a claimed lane is ours without a sign of life.
    """

    post_gap: timedelta = timedelta(seconds=1)
    edit_gap: timedelta = timedelta(seconds=1.2)
    per_second: float = 8.0
    burst: float = 120.0
    overdraft: float = 1_200.0
    lease: timedelta = timedelta(seconds=10)
