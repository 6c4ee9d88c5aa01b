"""What the team sees of flags: a card for each change and each roll-out, kept true, and their ledger entries."""

from datetime import timedelta
from typing import Any

from bot.core.ledger import Entry, Fact
from bot.core.messages import Message
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.flags import rules
from bot.stages.flags.model.flag import Flag, Serving
from bot.stages.flags.model.flag_change import ChangeState, FlagChange
from bot.stages.flags.model.rollout import Rollout
from bot.stages.plan.model.change import Change


def channel_of(work: Work, service: str | None) -> str:
    """Where cards about flags stand."""
    return work.team.channel_for(Stage.RELEASE, service)


def change_key(change: FlagChange) -> str:
    """Names the card of a change for ever."""
    return f"flag_change:{change.id}"


def rollout_key(rollout: Rollout) -> str:
    """Names the card of a roll-out for ever."""
    return f"rollout:{rollout.id}"


async def show_change(work: Work, change: FlagChange, flag: Flag) -> None:
    """Post the card of a change, or redraw it as things are now."""
    place = flag.places.get(change.environment)
    is_last = place is not None and place.by_what == change.id
    context: dict[str, Any] = {
        "change": change,
        "flag": flag,
        "carries": await _carried(work, flag),
        "is_last": is_last and change.state is ChangeState.IN_FORCE,
        "around": await rules.concerning(work, change, flag),
    }
    work.say(Message(change_key(change), channel_of(work, change.service), "release/flag_change", context))


async def show_rollout(work: Work, rollout: Rollout, flag: Flag) -> None:
    """Post the card of a roll-out, or redraw it as things are now."""
    context = {
        "rollout": rollout,
        "flag": flag,
        "plan": rollout.told,
        "carries": await _carried(work, flag),
        "around": await rules.concerning(work, rollout, flag),
    }
    work.say(Message(rollout_key(rollout), channel_of(work, rollout.service), "release/rollout", context))


def tell_end(work: Work, change: FlagChange, late_by: timedelta) -> None:
    """A line in the card's thread for whoever asked: the time is over, and the flag is back to what it was."""
    context = {"change": change, "late_by": late_by}
    work.say(
        Message(
            f"{change_key(change)}:ended",
            channel_of(work, change.service),
            "release/flag_ended",
            context,
            thread_of=change_key(change),
        )
    )


def tell_pause(work: Work, rollout: Rollout) -> None:
    """A line in the card's thread for whoever asked: an alert stopped it, and they have to say how it goes on."""
    work.say(
        Message(
            f"{rollout_key(rollout)}:paused:{rollout.turn}",
            channel_of(work, rollout.service),
            "release/rollout_paused",
            {"rollout": rollout},
            thread_of=rollout_key(rollout),
        )
    )


def record(work: Work, flag: Flag, what: str, environment: str = "", by: str = "", **facts: Fact) -> None:
    """A ledger entry ``flag.<what>`` that names the flag, its service, change and release, and the environment."""
    work.record(Entry(f"flag.{what}", flag.subjects(environment), by, facts))


def record_serving(work: Work, flag: Flag, environment: str, was: Serving, by: str, why: str) -> None:
    """The entry ``flag.changed``: from what to what, and by which change, timer or roll-out."""
    now = flag.serving(environment)
    facts: dict[str, Fact] = {"from": was.brief, "to": now.brief, "share": now.share, "why": why}
    record(work, flag, "changed", environment, by, **facts)


async def _carried(work: Work, flag: Flag) -> Change | None:
    return await work.get(Change, flag.change) if flag.change else None
