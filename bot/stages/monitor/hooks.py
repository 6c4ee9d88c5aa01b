"""What follows from how an alert moves, besides its card: quiet, escalation, and what may have caused it."""

from bot.core.ports import Work
from bot.stages.deploy import tell_authors
from bot.stages.monitor import escalate, silences, suspects
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.escalation import EscalationState


async def before_showing(work: Work, group: AlertGroup) -> AlertGroup:
    """The group as it is to be saved and shown, after its alerts have changed."""
    return await suspects.looked_for(work, await silences.settled(work, group))


async def after_firing(work: Work, group: AlertGroup) -> None:
    """It fires (again, or worse), or nobody is on it any more."""
    suspects.tell(work, group)
    await tell_authors.alerted(work, group)
    await escalate.begin(work, group)


async def after_answering(work: Work, group: AlertGroup) -> None:
    """Somebody is on it."""
    await escalate.stop(work, group.id, EscalationState.ANSWERED)


async def after_resolving(work: Work, group: AlertGroup) -> None:
    """Nothing fires in it any more."""
    await escalate.stop(work, group.id, EscalationState.OVER)
    await suspects.ask(work, group)
