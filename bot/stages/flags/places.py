"""Where a flag stands in an environment: put there in one way only, so that nothing else stays half true."""

from difflib import get_close_matches

from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.team import Environment
from bot.stages.flags import cards as news
from bot.stages.flags.model.flag import MOST_FLAGS, Flag, FlagState, Place
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import OPEN, Rollout
from bot.stages.release import correct
from bot.team.environments.look_again import look_around


async def known(work: Work, key: str) -> Flag:
    """The flag with this key. Raises ``Refusal`` with the nearest ones, and how to make it."""
    flag = await work.get(Flag, key)
    if flag is None:
        keys = [one.id for one in await work.find(Flag, state=FlagState.ACTIVE, limit=MOST_FLAGS)]
        near = get_close_matches(key, keys, 3)
        shown = f"Did you mean {', '.join(near)}? " if near else ""
        raise Refusal(
            f"I know no flag “{key[:80]}”. {shown}For a new one: “/release flag-add” and its key.", field="key"
        )
    return flag


def environment_meant(work: Work, name: str | None) -> Environment:
    """The environment of this name; the only one there is where none is named. Raises ``Refusal``."""
    known_ones = work.team.environments
    if name is None and len(known_ones) == 1:
        return next(iter(known_ones.values()))
    if name is None or name not in known_ones:
        names = ", ".join(known_ones)
        raise Refusal(
            f"Say where, with “in”: {names}." if names else "The team file names no environment yet.",
            field="environment",
        )
    return known_ones[name]


async def rollout_of(work: Work, flag: Flag, environment: str) -> Rollout | None:
    """The plan that has the flag in hand there."""
    found = await work.find(Rollout, flag=flag.id, environment=environment, state=OPEN, limit=1)
    return found[0] if found else None


async def change_waiting(work: Work, flag: Flag, environment: str) -> FlagChange | None:
    """The change of the flag that waits for approval there."""
    found = await work.find(FlagChange, flag=flag.id, environment=environment, state=ChangeState.WAITING, limit=1)
    return found[0] if found else None


async def must_be_free(work: Work, flag: Flag, environment: str) -> None:
    """Raises ``Refusal`` where a roll-out has the flag in hand there."""
    plan = await rollout_of(work, flag, environment)
    if plan is not None:
        raise Refusal(
            f"{flag.id} follows the roll-out {plan.id} in {environment} ({plan.plan}). {plan.standing(work.now)} "
            "Revert or cancel it on its card in the release channel, then change the flag. Turning the flag off ends "
            "it as well.",
            field="key",
        )


async def put(work: Work, flag: Flag, environment: str, place: Place, *, by: str, why: str) -> Flag:
    """The flag, standing so from now on; what was in force or waited there before is brought to its end."""
    before, was = flag.places.get(environment), flag.serving(environment)
    flag = flag.put(environment, place)
    await work.save(flag)
    news.record_serving(work, flag, environment, was, by, why)
    waiting = await work.find(FlagChange, flag=flag.id, environment=environment, state=ChangeState.WAITING)
    for other in waiting:
        if other.id != place.by_what:
            overtaken = other.overtake(work.now)
            await work.save(overtaken)
            work.forgive(expiry_key(overtaken))
            await news.show_change(work, overtaken, flag)
    if before is not None and before.by_what != place.by_what:
        older = await work.get(FlagChange, before.by_what) if before.by_what else None
        if older is not None:
            work.forgive(end_key(older))
            await news.show_change(work, older, flag)
    await correct.after_flag(work, flag, environment)
    look_around(work, f"{flag.id}:{place.by_what}:{place.since:%Y%m%dT%H%M%S%f}", environment=environment)
    return flag


def expiry_key(change: FlagChange) -> str:
    """Names the job that ends an undecided change."""
    return f"flag.expire:{change.id}"


def end_key(change: FlagChange) -> str:
    """Names the job that takes a temporary change back."""
    return f"flag.end:{change.id}"
