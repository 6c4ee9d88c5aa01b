"""Storms: when so much fires at once that one message has to stand for many."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from bot.stages.monitor.model.alert_group import AlertGroup

COUNTED = timedelta(minutes=1)
QUIET = timedelta(minutes=5)  # without anything new: the storm is over
SHOWN = 5
COUNTED_LABELS = ("severity", "alertname", "service", "environment", "cluster", "namespace", "job")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What has lately begun in one channel by one route; its ``id`` is both.

    Attributes:
        begun: when the last groups began to fire, no more than matter.
        storms: how many there were, the one that rages included.
        storm: the one that rages.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ()

    id: str
    begun: tuple[datetime, ...] = ()
    storms: int = 0
    storm: str | None = None

    def admit(self, at: datetime, most: int) -> "Traffic":
        """With one more group that begins; more than ``most`` in a minute are a storm."""
        begun = (*(one for one in self.begun if abs(at - one) < COUNTED), at)[-(most + 1) :]
        after = replace(self, begun=begun)
        if self.storm is not None or len(begun) <= most:
            return after
        number = self.storms + 1
        return replace(after, storms=number, storm=f"{self.id}#{number}")

    def is_quiet(self, at: datetime) -> bool:
        """Whether nothing new has come for so long that a storm is over."""
        return not self.begun or abs(at - self.begun[-1]) >= QUIET  # "ahead": the clock was put back

    def end(self) -> "Traffic":
        """Without a storm."""
        return replace(self, storm=None, begun=())


@dataclass(frozen=True, slots=True)
class Storm:
    """One time that too much began at once.

    ``carded`` is how many critical groups got messages of their own in it, ``pages`` how many messages its list has.
    """

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ()

    id: str
    route: str
    channel: str
    began_at: datetime
    ended_at: datetime | None = None
    carded: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """How the groups of a storm spread over one label's values, the most frequent first."""

    label: str
    values: tuple[tuple[str, int], ...]
    others: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A storm as its message shows it."""

    storm: Storm
    groups: int
    firing: int
    critical: int
    alerts: int
    by_label: tuple[Counted, ...]
    top: tuple[AlertGroup, ...]
    read: int  # groups that all but their number is told of: the first of them

    @property
    def is_cut(self) -> bool:
        """Whether there are more than were read."""
        return self.groups > self.read


def summed_up(storm: Storm, groups: Sequence[AlertGroup], total: int) -> Summary:
    """What the first groups of a storm of ``total`` come to: the worst that fire on top, then the largest."""
    firing = [group for group in groups if group.state == "firing"]
    worst = sorted(firing, key=lambda group: (group.severity.rank, -len(group.firing), group.opened_at))
    return Summary(
        storm,
        total,
        len(firing),
        sum(group.is_critical for group in firing),
        sum(len(group.firing) for group in firing),
        _by_label(firing or groups),
        tuple(worst[:SHOWN]),
        len(groups),
    )


def _by_label(groups: Iterable[AlertGroup]) -> tuple[Counted, ...]:
    every = list(groups)
    found: list[Counted] = []
    for label in COUNTED_LABELS:
        values = Counter(value for group in every if (value := group.lead.labels.get(label)))
        # A label that tells nearly each group from the next does not sum them up.
        if values and len(values) <= max(len(every) / 2, 1):
            top = values.most_common(SHOWN)
            found.append(Counted(label, tuple(top), len(values) - len(top)))
    return tuple(found)
