"""Who somebody is, as far as it decides what they may do and what time it is for them."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace, as Slack describes them.

    ``groups`` are ids of Slack user groups (``S…``); ``zone`` is an IANA name.
    """

    id: str
    name: str
    zone: str = "UTC"
    is_admin: bool = False
    is_guest: bool = False
    is_stranger: bool = False  # from another workspace, by Slack Connect
    is_bot: bool = False
    is_gone: bool = False  # deactivated
    groups: frozenset[str] = frozenset()

    @property
    def tz(self) -> ZoneInfo:
        """The zone to read and write this person's times in."""
        return ZoneInfo(self.zone)

    @property
    def is_member(self) -> bool:
        """A full member: nobody's guest, stranger or robot, and still here."""
        return not (self.is_guest or self.is_stranger or self.is_bot or self.is_gone)


@dataclass(frozen=True, slots=True)
class Group:
    """A Slack user group: its id (``S…``), and what people write after the @."""

    id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation that we can see; ``is_member``: we are in it, so that we may post there."""

    id: str
    name: str
    is_member: bool = True
    is_archived: bool = False
