"""One firing condition: what an event makes of what we knew of it, and how long an ended one is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.events import AlertFired, AlertResolved

# A group that fires again this soon after it resolved is the same story and keeps its thread.
SAME_STORY = timedelta(hours=1)
# Ended alerts are kept beside those that fire for as long as their story may go on, the latest with all that was said
# of them: a group that fires for weeks would else grow with every instance that ever came and went.
ENDED_IN_FULL = 100


@dataclass(frozen=True, slots=True)
class Alert:
    """One firing condition: a set of labels."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    url: str = ""

    @property
    def firing(self) -> bool:
        """Whether the condition still holds, as far as we were told."""
        return self.ends_at is None

    @property
    def where(self) -> str:
        """What tells this alert from its neighbours, on one line."""
        return (
            self.labels.get("instance") or self.labels.get("service") or self.labels.get("job") or self.fingerprint
        )

    @property
    def value(self) -> str:
        """What was measured, where the source says so; "" where it does not."""
        return next(
            (self.annotations[name] for name in ("value", "__value_string__") if name in self.annotations), ""
        )


def fired(event: AlertFired, known: Alert | None) -> Alert | None:
    """The alert as it fires now; None where the event says nothing new."""
    starts_at = event.starts_at or (known.starts_at if known and known.firing else event.received_at)
    if known is not None and known.ends_at is not None and starts_at <= known.ends_at:
        return None  # it was sent before it resolved, and overtaken on the way
    alert = Alert(event.fingerprint, event.labels, event.annotations, starts_at, None, event.url)
    return None if alert == known else alert


def resolved(event: AlertResolved, known: Alert | None) -> Alert | None:
    """The alert as it ended; None where the event says nothing new."""
    if known is not None and not known.firing:
        return None
    if known is not None and event.starts_at and event.starts_at < known.starts_at:
        return None  # the end of an earlier time that it fired
    starts_at = known.starts_at if known else (event.starts_at or event.received_at)
    ends_at = max(event.ends_at or event.received_at, starts_at)
    return Alert(event.fingerprint, event.labels, event.annotations, starts_at, ends_at, event.url)


def kept(alerts: Iterable[Alert], at: datetime) -> tuple[Alert, ...]:
    """Without those that ended long ago, while others fire; of very many only when they ended is kept."""
    every = tuple(alerts)
    ends = sorted((a.ends_at for a in every if a.ends_at), reverse=True)
    if not ends:
        return every
    oldest = at - SAME_STORY if len(ends) < len(every) else min(at - SAME_STORY, ends[0])
    every = tuple(a for a in every if a.ends_at is None or a.ends_at >= oldest)
    if len(ends) <= ENDED_IN_FULL:
        return every
    ended = sorted((a for a in every if a.ends_at), key=lambda a: a.ends_at or at, reverse=True)
    bare = {a.fingerprint for a in ended[ENDED_IN_FULL:]}
    return tuple(replace(a, labels={}, annotations={}, url="") if a.fingerprint in bare else a for a in every)
