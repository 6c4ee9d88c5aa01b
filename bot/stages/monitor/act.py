"""What people do about an alert: be on it for a while, give it to somebody, resolve it, note something, link it."""

from datetime import datetime, timedelta

from bot.core import text_limits
from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Subject
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.stages.monitor import cards as news
from bot.stages.monitor import hooks
from bot.stages.monitor.model.alert_group import Acknowledgement, AlertGroup
from bot.stages.monitor.model.incident import Noted
from bot.stages.plan.model.change import Change

ACKNOWLEDGED_FOR = timedelta(minutes=60)
LONGEST = timedelta(days=7)
GRACE = timedelta(minutes=10)  # between the question whether they are still on it and the end of it


async def acknowledge(work: Work, group_id: str, by: Person, until: datetime | None = None) -> AlertGroup:
    """Put somebody on it, for an hour where no end is named. Raises ``Refusal``."""
    end = _end(work, until)
    group = (await news.find(work, group_id)).acknowledge(by.id, work.now, end)
    await _be_on(work, group, end)
    news.record(work, group, "alert.acknowledged", by.id, until=end.isoformat())
    news.tell(work, group, f"acknowledged:{group.times_fired}:{by.id}", "monitor/acknowledged", {})
    return group


async def assign(work: Work, group_id: str, to: Person, by: Person, until: datetime | None = None) -> AlertGroup:
    """Put somebody else on it; they are called in the thread. Raises ``Refusal``."""
    if to.id == by.id:
        return await acknowledge(work, group_id, by, until)
    end = _end(work, until)
    group = (await news.find(work, group_id)).assign(to, by, work.now, end)
    await _be_on(work, group, end)
    news.record(work, group, "alert.assigned", by.id, (Subject("person", to.id),), until=end.isoformat())
    what = f"assigned:{group.times_fired}:{to.id}:{work.now.timestamp():.0f}"
    news.tell(work, group, what, "monitor/assigned", {}, even_silent=True)
    return group


async def release(work: Work, group_id: str, by: Person) -> AlertGroup:
    """Nobody is on it any more; its escalation begins anew. Raises ``Refusal``."""
    group = await news.find(work, group_id)
    group.must_fire("nobody is on it")
    if group.acknowledged is None:
        raise Refusal(f"Nobody is on {group.id} {group.name}, so nobody can let it go.")
    await _let_go(work, group, group.acknowledged, by.id)
    return group


async def close(work: Work, group_id: str, by: Person, note: str = "") -> AlertGroup:
    """Resolved by hand, with a word on why. Raises ``Refusal``."""
    group = (await news.find(work, group_id)).close(work.now)
    group = await hooks.before_showing(work, group)
    await work.save(group)
    text = text_limits.optional(note, "note", "note")
    if text:
        await work.add(await _note(work, group, by, text))
    minutes = int((work.now - group.opened_at) / timedelta(minutes=1))
    news.record(work, group, "alert.resolved", by.id, minutes=minutes, by_hand=True)
    context = {"by": by.id, "note": text}
    news.tell(work, group, f"resolved:{group.times_fired}", "monitor/resolved_by_hand", context)
    await hooks.after_resolving(work, group)
    news.show(work, group)
    return group


async def note(work: Work, group_id: str, by: Person, text: str) -> AlertGroup:
    """Keep somebody's words in the alert's thread. Raises ``Refusal``."""
    group = await news.acted(work, await news.find(work, group_id))
    kept = await work.add(await _note(work, group, by, text_limits.required(text, "words", "note")))
    news.record(work, group, "alert.noted", by.id)
    news.tell(work, group, f"note:{kept.id}", "monitor/note", {"note": kept}, even_silent=True)
    return group


async def link(work: Work, group_id: str, change_id: str, by: Person) -> tuple[AlertGroup, Change]:
    """Say that an alert belongs to a change, so that the passport of either names the other. Raises ``Refusal``."""
    change = await found(work, Change, change_id, "change", field="change")
    group = await news.acted(work, await news.find(work, group_id))
    news.record(work, group, "alert.linked", by.id, (Subject("change", change.id),))
    news.tell(
        work, group, f"linked:{change.id}", "monitor/linked", {"change": change, "by": by.id}, even_silent=True
    )
    return group, change


@due("alert.nag")
async def nag(work: Work, it: Due) -> Outcome:
    """Ask whoever is on it, at the end of that, whether they still are."""
    group, acknowledged = await _still(work, it)
    if group is None or acknowledged is None:
        return Outcome.NOOP
    what = f"nag:{acknowledged.by}:{work.now.timestamp():.0f}"
    news.tell(work, group, what, "monitor/still_on_it", {"by": acknowledged.by, "late_by": it.late_by})
    work.owe(Job("alert.lapse", _lapse_key(group, acknowledged), work.now + GRACE, it.job.args))
    return Outcome.DONE


@due("alert.lapse", lasting=True)
async def lapse(work: Work, it: Due) -> Outcome:
    """Nobody answered: nobody is on it, and its escalation begins anew."""
    group, acknowledged = await _still(work, it)
    if group is None or acknowledged is None:
        return Outcome.NOOP
    await _let_go(work, group, acknowledged, "")
    return Outcome.DONE


async def _be_on(work: Work, group: AlertGroup, until: datetime) -> None:
    await work.save(group)
    by = group.acknowledged.by if group.acknowledged else ""
    args = {"group": group.id, "by": by, "until": until.isoformat()}
    work.owe(Job("alert.nag", f"alert.nag:{group.id}:{by}:{until.timestamp():.0f}", until, args))
    await hooks.after_answering(work, group)
    news.show(work, group)


async def _let_go(work: Work, group: AlertGroup, was: Acknowledgement, by: str) -> None:
    after = group.let_go()
    await work.save(after)
    news.record(work, after, "alert.let_go", by)
    what = f"let_go:{was.by}:{work.now.timestamp():.0f}"
    news.tell(work, after, what, "monitor/let_go", {"was": was.by, "by": by})
    await hooks.after_firing(work, after)
    news.show(work, after)


async def _still(work: Work, it: Due) -> tuple[AlertGroup | None, Acknowledgement | None]:
    """The group and who is on it, where that is what the job was owed for."""
    group = await work.get(AlertGroup, it.job.args["group"])
    if group is None or group.state != "firing" or group.acknowledged is None:
        return None, None
    ours = group.acknowledged
    is_same = ours.by == it.job.args["by"] and ours.until and ours.until.isoformat() == it.job.args["until"]
    return (group, ours) if is_same else (None, None)


async def _note(work: Work, group: AlertGroup, by: Person, text: str) -> Noted:
    count = await work.count(Noted, about=group.id)
    return Noted(id=f"{group.id}/{count + 1}", about=group.id, by=by.id, by_name=by.name, at=work.now, text=text)


def _end(work: Work, until: datetime | None) -> datetime:
    end = until or work.now + ACKNOWLEDGED_FOR
    if end <= work.now:
        raise Refusal("That is in the past. Say for how long you are on it, such as “for 2 h”.", field="length")
    if end > work.now + LONGEST:
        raise Refusal(
            f"Nobody is on one alert for more than {LONGEST.days} days. Name an earlier end, or open an incident.",
            field="length",
        )
    return end


def _lapse_key(group: AlertGroup, was: Acknowledgement) -> str:
    return f"alert.lapse:{group.id}:{was.by}:{was.until.timestamp() if was.until else 0:.0f}"
