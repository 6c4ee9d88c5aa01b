"""Where a release stands: its states, when it is due, where its notes were posted, and what of them is not live."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from bot.core.durations import rounded
from bot.stages.release.model.notes import Voice

ROLLED_BACK, FLAG_OFF, BY_HAND = "rolled back", "flag off", "by hand"


class ReleaseState(StrEnum):
    """Where a release stands. ``FAILED``: its notes could not be drafted."""

    DRAFTING = "drafting"
    DRAFT = "draft"
    PUBLISHED = "published"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Plan:
    """When it is to be published by itself, and who said so; ``turn`` counts how often somebody has."""

    at: datetime
    by: str
    by_name: str
    turn: int = 1


@dataclass(frozen=True, slots=True)
class Post:
    """Where notes of one voice stand (or are to stand)."""

    voice: Voice
    channel: str


def standing(
    state: ReleaseState,
    at: datetime,
    asked_name: str,
    published_name: str,
    published_at: datetime | None,
    posts: Iterable[Post],
) -> str:
    """Where it stands at an instant, to be said after its name: "is a draft already"."""
    if published_at is not None:
        places = ", ".join(dict.fromkeys(post.channel for post in posts))
        return f"was published by {published_name} {rounded(at - published_at)} ago in {places}"
    match state:
        case ReleaseState.DRAFTING:
            return f"is still being drafted; its notes come to {asked_name} by direct message"
        case ReleaseState.FAILED:
            return "has no notes, as they could not be drafted. Ask again with “/release draft”"
        case _:
            return "is a draft already"


@dataclass(frozen=True, slots=True)
class Strike:
    """Lines that turned out not to be live.

    ``why`` is one of the three above; ``cause`` is the deployment or the flag; ``because`` what a person said.
    ``told_by`` is the source that told us of the deployment, where nobody asked us for it.
    """

    numbers: tuple[int, ...]
    why: str
    at: datetime
    cause: str = ""
    because: str = ""
    by: str = ""
    told_by: str = ""

    def of(self, numbers: tuple[int, ...]) -> Self:
        """The same, of these lines only."""
        return replace(self, numbers=numbers)


def struck(strikes: Sequence[Strike], strike: Strike) -> tuple[Strike, ...]:
    """With one more; each cause counts by itself, so that a line is live again only when none is left."""
    same = [each for each in strikes if (each.why, each.cause) == (strike.why, strike.cause)]
    known = {number for each in same for number in each.numbers}
    fresh = tuple(number for number in strike.numbers if number not in known)
    return (*strikes, strike.of(fresh)) if fresh else tuple(strikes)


def lifted(strikes: Iterable[Strike], numbers: Iterable[int], why: str, cause: str = "") -> tuple[Strike, ...]:
    """Without these lines, where they are struck for this reason, by this cause or, without one, by any."""
    gone = set(numbers)
    kept = (
        each.of(tuple(number for number in each.numbers if number not in gone))
        if each.why == why and cause in ("", each.cause)
        else each
        for each in strikes
    )
    return tuple(each for each in kept if each.numbers)


def added(before: Iterable[Strike], after: Iterable[Strike]) -> tuple[Strike, ...]:
    """Those that strike something for a cause for which it was not struck before."""
    known = {(each.why, each.cause, number) for each in before for number in each.numbers}
    return tuple(
        each for each in after if any((each.why, each.cause, number) not in known for number in each.numbers)
    )


def causes(strikes: Iterable[Strike]) -> tuple[Strike, ...]:
    """The newest of each cause. All rollbacks are one, as whatever goes live again ends them all."""
    newest = {(each.why, each.cause if each.why == FLAG_OFF else ""): each for each in strikes}
    return tuple(newest.values())
