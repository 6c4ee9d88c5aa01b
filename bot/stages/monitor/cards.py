"""What the team sees of an alert group: its card, what is told in its thread, and its ledger entries."""

from collections.abc import Mapping

from bot.core.find_or_refuse import every
from bot.core.ledger import Entry, Fact, Subject
from bot.core.messages import Band, Message
from bot.core.ports import Work
from bot.core.refusals import Unknown
from bot.core.stages import Stage
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.route import Alerting
from bot.stages.monitor.storms import redraw_soon


def card_key(group: AlertGroup) -> str:
    """Names the group's message in its channel."""
    return f"alert:{group.id}"


def channel_of(work: Work, group: AlertGroup) -> str:
    """Where its card stands."""
    return group.channel or work.team.channel_for(Stage.MONITOR, group.service)


def show(work: Work, group: AlertGroup) -> None:
    """Make the channel show the group as it is: on its own message, and on the storm's that it came in."""
    if group.storm is not None:
        redraw_soon(work, group.storm)
    if group.has_card:
        band = Band.NOW if group.is_critical else work.team.part(Alerting).named(group.route).band
        work.say(Message(card_key(group), channel_of(work, group), "monitor/card", {"group": group}, band=band))


def tell(
    work: Work,
    group: AlertGroup,
    what: str,
    template: str,
    context: Mapping[str, object],
    *,
    even_silent: bool = False,
    band: Band = Band.NORMAL,
    broadcast: bool = False,
) -> None:
    """One line in the thread, unless somebody asked for quiet or there is none. ``broadcast``: in the channel too."""
    is_quiet = group.silenced_until is not None and group.silenced_until > work.now
    if not group.has_card or (is_quiet and not even_silent):
        return
    key = f"{card_key(group)}:{what}"
    told = {"group": group, **context}
    where = channel_of(work, group)
    work.say(Message(key, where, template, told, thread_of=card_key(group), broadcast=broadcast, band=band))


def record(
    work: Work, group: AlertGroup, kind: str, by: str = "", also: tuple[Subject, ...] = (), **facts: Fact
) -> None:
    """A ledger entry about the group, where it is, and what else it links to."""
    subjects = [Subject("alert", group.id)]
    if group.service:
        subjects.append(Subject("service", group.service))
    if group.environment:
        subjects.append(Subject("environment", group.environment))
    work.record(Entry(kind, (*subjects, *also), by or group.source, facts))


async def find(work: Work, group_id: str) -> AlertGroup:
    """The group with this id. Raises ``Unknown``."""
    group = await work.get(AlertGroup, group_id)
    if group is None:
        fires = await work.find(AlertGroup, state="firing", limit=5)
        raise Unknown("alert", group_id, tuple(other.id for other in fires))
    return group


async def acted(work: Work, group: AlertGroup) -> AlertGroup:
    """The group as one that a person has done something about: it has a card of its own from now on."""
    after = group.acted(work.now)
    if after != group:
        await work.save(after)
        show(work, after)
    return after


async def open_groups(work: Work) -> list[AlertGroup]:
    """What fires now: the worst first, then the oldest."""
    groups = await every(work, AlertGroup, state="firing")
    return sorted(groups, key=lambda group: (group.severity.rank, group.opened_at))
