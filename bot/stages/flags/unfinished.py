"""What is half done or temporary about flags: neither on nor off for everybody, for a while only, or undecided."""

from datetime import datetime, timedelta

from bot.core.durations import rounded
from bot.core.find_or_refuse import every
from bot.core.flow import LooseEnd
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.stages.flags.model.flag import MOST_FLAGS, Flag, FlagState, Place
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import OPEN, Rollout, RolloutState


async def flag_ends(work: Work) -> list[LooseEnd]:
    """Flags that only some people get, or for a while; plans that are under way; what waits for approval."""
    plans = await every(work, Rollout, state=OPEN)
    followed = {(plan.flag, plan.environment) for plan in plans}
    waiting = await every(work, FlagChange, state=ChangeState.WAITING)
    flags = await work.find(Flag, state=FlagState.ACTIVE, limit=MOST_FLAGS)
    ends = [*(_plan(plan) for plan in plans), *(_waiting(change) for change in waiting)]
    for flag in flags:
        for environment, place in flag.places.items():
            is_settled = place.until is None and (place.serving.is_on or place.serving.is_off)
            # Where a roll-out is under way, that is the loose end.
            if not is_settled and (flag.id, environment) not in followed:
                ends.append(await _partly(work, flag, environment, place))
    return ends


async def to_approve(work: Work, person: Person) -> list[tuple[str, str, str, str, datetime]]:
    """What this person may decide about, has not asked for, and has not decided about, for the Home tab.

    Of each: what it is, the button's words, its action and its value, and until when.
    """
    policy = Policy(work.team)
    asked: list[tuple[str, FlagChange | Rollout]] = [
        *(("flag", change) for change in await every(work, FlagChange, state=ChangeState.WAITING)),
        *(("roll-out", plan) for plan in await every(work, Rollout, state=RolloutState.WAITING)),
    ]
    return [
        (one.what, f"Approve {kind} {one.flag}"[:75], f"release.{kind}-approve", one.id, one.approval.expires_at)
        for kind, one in asked
        if one.asked_by != person.id
        and all(vote.by != person.id for vote in one.approval.votes)
        and policy.allows(f"release.{kind}-approve", one.environment, person, service=one.service)
    ]


async def _partly(work: Work, flag: Flag, environment: str, place: Place) -> LooseEnd:
    """A flag that only some get, or for a while; it is whoever's that asked for it last."""
    change = await work.get(FlagChange, place.by_what) if place.by_what.startswith("G-") else None
    what = f"flag {flag.id} is {place.serving} in {environment} ({rounded(_days(work.now - place.since))})"
    owner = change.asked_by if change else flag.made_by
    return LooseEnd("flag", place.by_what or flag.id, what, owner, place.since, place.until, flag.service)


def _plan(plan: Rollout) -> LooseEnd:
    waits = plan.state is RolloutState.WAITING
    standing = "waits for approval" if waits else f"{plan.state}, at {plan.serving}"
    end = plan.approval.expires_at if waits else plan.next_at
    return LooseEnd(
        "roll-out", plan.id, f"{plan.what}: {standing}", plan.asked_by, plan.asked_at, end, plan.service
    )


def _waiting(change: FlagChange) -> LooseEnd:
    what = f"{change.what} waits for approval"
    return LooseEnd(
        "flag", change.id, what, change.asked_by, change.asked_at, change.approval.expires_at, change.service
    )


def _days(span: timedelta) -> timedelta:
    """In whole days, once it is some: nobody counts the hours of a week."""
    return timedelta(days=span.days) if span.days else span
