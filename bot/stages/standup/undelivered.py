"""What of a stand-up could not be said: its lead is told why and what to do; the round goes on."""

from dataclasses import dataclass

from bot.core.dead_letters import LetterKind
from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import DIED, Due, Outcome
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Stale
from bot.stages.flow import ledger_heads
from bot.stages.standup import round_message
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup

_NOT_IN_THERE = ("not_in_channel", "channel_not_found", "no channel #")


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A message of a round that Slack did not take. ``todo`` is what a person can do about it."""

    round: Round
    to: str
    reason: str
    todo: str
    is_channel: bool


@due(DIED)
async def tell_of_died(work: Work, due: Due) -> Outcome:
    """Tell whoever can do something about a message that cannot be sent."""
    key = str(due.job.args["key"])
    if key.startswith(f"{ledger_heads.KEY}:"):
        ledger_heads.tell_of_died(work, key, str(due.job.args["to"]), str(due.job.args["reason"]))
        return Outcome.DONE
    return await tell_the_lead(work, due)


async def tell_the_lead(work: Work, due: Due) -> Outcome:
    """Tell whoever leads the stand-up, once for each conversation; the answers are kept meanwhile."""
    args = due.job.args
    kind, _, rest = str(args["key"]).partition(":")
    round = await work.get(Round, rest.partition(":")[0]) if kind == "round" else None
    if round is None:
        return Outcome.NOOP
    standup = await work.get(Standup, round.standup_id) if round.standup_id else None
    lead = (standup.setup.lead or standup.made_by) if standup else round.opened_by
    to, reason = str(args["to"]), str(args["reason"])
    if not lead or to == lead:
        return Outcome.NOOP  # they cannot be told; an admin sees it among the dead letters
    is_channel = to == round.channel
    unsaid = Unsaid(round, to, reason, _todo(round, reason) if is_channel else "", is_channel)
    key = f"{round_message.round_key(round.id)}:unsaid:{to}"
    work.say(Message(key, lead, "standup/unsaid", {"unsaid": unsaid}))
    return Outcome.DONE


async def say_again(work: Work, round_id: str, by: Person) -> Round:
    """Try once more to say in its channel what a round holds, as it is now. Raises ``Unknown``, ``Stale``."""
    round = await found(work, Round, round_id, "stand-up", field="round")
    key = round_message.round_key(round.id)
    revived = [await work.revive(LetterKind.MESSAGE, each) for each in (key, f"{key}:digest")]
    if not any(revived):
        raise Stale(f"Stand-up {round.id} is in its channel, or on its way there: nothing waits to be tried again.")
    round_message.show(work, await round_message.standing(work, round))
    return round


def _todo(round: Round, reason: str) -> str:
    other = f", or choose another channel with “/standup edit {round.standup_id}”" if round.standup_id else ""
    if any(sign in reason for sign in _NOT_IN_THERE):
        return f"Create it, or invite me there by typing “/invite @eightbells” in it{other}."
    if "is_archived" in reason:
        return f"Unarchive it{other}."
    return f"Ask an admin of the workspace{other}."
