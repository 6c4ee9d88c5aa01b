"""How alerts are kept quiet: shown before what it would mute, owned, ended in time, and said when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.find_or_refuse import every, found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.stages.monitor import cards as news
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.matchers import Matcher, all_fit, common
from bot.stages.monitor.model.silence import MORE, NOTICE, Silence, SilenceState

LOOKED_BACK = timedelta(days=7)
LOOK_BEFORE = timedelta(seconds=20)  # its end, so that what is over by then is not said to fire still


@dataclass(frozen=True, slots=True)
class Reach:
    """What matchers would mute besides the alert that they were made for."""

    open: tuple[AlertGroup, ...] = ()
    recent: tuple[AlertGroup, ...] = ()  # resolved by now, in the last seven days

    def __bool__(self) -> bool:
        return bool(self.open or self.recent)


def matchers_of(group: AlertGroup) -> tuple[Matcher, ...]:
    """What all alerts that fire in the group have in common."""
    return common([alert.labels for alert in group.firing or group.alerts])


async def reach(work: Work, group: AlertGroup, matchers: Sequence[Matcher]) -> Reach:
    """Open groups, and those of the last seven days, of which at least one alert would be muted as well."""

    def hit(other: AlertGroup) -> bool:
        alerts = other.firing or other.alerts
        return other.id != group.id and any(all_fit(matchers, alert.labels) for alert in alerts)

    since = work.now - LOOKED_BACK
    recent = [
        other
        async for other in work.changed(AlertGroup, since)
        if other.state != "firing" and other.closed_at and other.closed_at >= since and hit(other)
    ]
    return Reach(
        tuple(other for other in await every(work, AlertGroup, state="firing") if hit(other)),
        tuple(sorted(recent, key=lambda other: other.opened_at, reverse=True)),
    )


async def place(
    work: Work,
    group_id: str,
    by: Person,
    until: datetime,
    because: str = "",
    matchers: tuple[Matcher, ...] | None = None,
) -> Silence:
    """A new silence, with its card in the alert's thread; Alertmanager hears of it where it sent the alert.

    Raises ``Refusal``: it has resolved, it is silenced already, the end is no end, it is about something else.
    """
    group = await news.find(work, group_id)
    group.must_fire("there is nothing to silence")
    if group.silenced_until and group.silenced_until > work.now:
        raise Refusal(
            f"{group.id} {group.name} is silenced already, by {group.silence_id}. "
            f'Move its end with "/monitor extend {group.silence_id}", or end it with "/monitor unsilence {group.id}".'
        )
    is_remote = bool(work.team.alertmanager) and group.source == "alertmanager"
    asked = Silence.place(
        matchers or matchers_of(group),
        by,
        work.now,
        until,
        because,
        group_id=group.id,
        is_remote=is_remote,
    )
    if not group.is_muted_by(asked):
        raise Refusal(
            f"These labels do not cover everything that fires in {group.id}, so it would be heard all the same. "
            "Take a matcher away.",
            field="matchers",
        )
    silence = await work.add(asked)
    await news.acted(work, group)
    _owe(work, silence)
    record(work, silence, "placed", by.id, until=until.isoformat())
    for other in await news.open_groups(work):
        if other.silenced_until is None and other.is_muted_by(silence):
            await _mute(work, other, silence)
    await show(work, silence)
    return silence


async def lift(work: Work, named: str, by: Person) -> Silence:
    """End a silence early; ``named`` is its id or the alert's. Raises ``Refusal``."""
    silence = (await known(work, named)).lift(by.id, work.now)
    await work.save(silence)
    for key in (_notice_key(silence), _end_key(silence)):
        work.forgive(key)
    _write(work, silence)
    _look(work, silence, work.now)
    record(work, silence, "lifted", by.id)
    await unmute(work, silence)
    await show(work, silence)
    return silence


async def extend(work: Work, named: str, by: Person, until: datetime | None = None) -> Silence:
    """Move its end; by an hour where no end is named. Raises ``Refusal``."""
    silence = await known(work, named)
    silence = silence.extend(until or silence.until + MORE, work.now)
    await work.save(silence)
    _owe(work, silence)
    record(work, silence, "extended", by.id, until=silence.until.isoformat())
    await follow(work, silence)
    return silence


async def let_end(work: Work, named: str) -> Silence:
    """Its owner knows that it ends. Raises ``Refusal``."""
    silence = (await known(work, named)).let_end(work.now)
    await work.save(silence)
    _ask(work, silence)
    return silence


@due("silence.notice")
async def notice(work: Work, it: Due) -> Outcome:
    """Ask its owner, shortly before it ends, whether it may."""
    silence = await work.get(Silence, it.job.args["silence"])
    if silence is None or not silence.holds(work.now) or silence.goes_on_by_itself:
        return Outcome.NOOP
    if silence.until.isoformat() != it.job.args["until"]:
        return Outcome.NOOP
    _ask(work, silence)
    return Outcome.DONE


@due("silence.end", lasting=True)
async def end(work: Work, it: Due) -> Outcome:
    """At its end: what still fires is heard again, and its owner is told once."""
    silence = await work.get(Silence, it.job.args["silence"])
    if silence is None or silence.state is not SilenceState.ACTIVE or silence.until > work.now:
        return Outcome.NOOP
    silence = silence.expire(work.now)
    await work.save(silence)
    record(work, silence, "expired")
    for group in await unmute(work, silence):
        # Its owner was asked before; whoever said that it may end need not be called again.
        calls = group.id == silence.group_id and not silence.goes_on_by_itself
        context = {"by": silence.by if calls else "", "silence": silence, "late_by": it.late_by}
        news.tell(work, group, f"heard:{silence.id}", "monitor/silence_ended", context)
    await show(work, silence)
    return Outcome.DONE


async def settled(work: Work, group: AlertGroup) -> AlertGroup:
    """The group as muted by the silences that hold now, or by none. The caller saves it."""
    if group.state != "firing":
        return group.unsilence() if group.silence_id else group
    holding = [one for one in await active(work) if group.is_muted_by(one)]
    if not holding:
        return group.unsilence() if group.silence_id else group
    return group.muted(max(holding, key=lambda one: one.until))


async def active(work: Work) -> list[Silence]:
    """Silences that hold now; what ends first comes first."""
    kept = await every(work, Silence, state=SilenceState.ACTIVE)
    return sorted((one for one in kept if one.holds(work.now)), key=lambda one: one.until)


async def known(work: Work, named: str) -> Silence:
    """The silence with this id, or the one that keeps this alert quiet. Raises ``Refusal``."""
    if named.upper().startswith(f"{AlertGroup.PREFIX}-"):
        group = await news.find(work, named)
        if not group.silence_id:
            raise Refusal(f"{group.id} {group.name} is not silenced.")
        named = group.silence_id
    return await found(work, Silence, named, "silence", field="silence")


async def unmute(work: Work, silence: Silence) -> list[AlertGroup]:
    """Let be heard what only this silence kept quiet; gives those that fire."""
    heard: list[AlertGroup] = []
    for group in await news.open_groups(work):
        if group.silence_id != silence.id:
            continue
        after = await settled(work, group)
        await work.save(after)
        news.show(work, after)
        if after.silence_id:
            continue
        news.record(work, after, "alert.unsilenced", silence.ended_by)
        heard.append(after)
        work.owe(Job("escalate.wake", f"escalate.wake:{after.id}:{silence.id}", work.now, {"group": after.id}))
    return heard


async def follow(work: Work, silence: Silence) -> None:
    """Make cards say of the silence what is so."""
    for group in await news.open_groups(work):
        if group.silence_id == silence.id:
            await _mute(work, group, silence)
    await show(work, silence)


async def show(work: Work, silence: Silence) -> None:
    """The silence's own card, in the thread of the alert that it was asked for on."""
    group = await work.get(AlertGroup, silence.group_id)
    if group is None:
        return
    also = (await reach(work, group, silence.matchers)).open if silence.holds(work.now) else ()
    context = {"silence": silence, "also": also}
    news.tell(work, group, f"silence:{silence.id}", "monitor/silence", context, even_silent=True)


def record(work: Work, silence: Silence, what: str, by: str = "", **facts: str | int) -> None:
    """A ledger entry ``silence.<what>`` that links silence and alert."""
    group_id = silence.group_id
    subjects = (Subject("silence", silence.id), *([Subject("alert", group_id)] if group_id else []))
    work.record(Entry(f"silence.{what}", subjects, by, facts))


async def _mute(work: Work, group: AlertGroup, silence: Silence) -> None:
    after = group.muted(silence)
    await work.save(after)
    if group.silence_id != silence.id:
        news.record(
            work,
            after,
            "alert.silenced",
            silence.by,
            (Subject("silence", silence.id),),
            until=silence.until.isoformat(),
        )
    news.show(work, after)


def _owe(work: Work, silence: Silence) -> None:
    args = {"silence": silence.id, "until": silence.until.isoformat()}
    asked_at = silence.until - NOTICE
    if asked_at > work.now:
        work.owe(Job("silence.notice", _notice_key(silence), asked_at, args, window=NOTICE))
    work.owe(Job("silence.end", _end_key(silence), silence.until, args))
    _write(work, silence)
    _look(work, silence, silence.until - LOOK_BEFORE)


def _write(work: Work, silence: Silence) -> None:
    if silence.is_remote:
        key = f"silence.write:{silence.id}:{silence.revision}"
        work.owe(Job("silence.write", key, work.now, {"silence": silence.id, "revision": silence.revision}))


def _look(work: Work, silence: Silence, at: datetime) -> None:
    """Have Alertmanager asked what still fires: while it keeps something quiet, it does not tell when that ends."""
    if silence.is_remote:
        key = f"silence.look:{silence.id}:{silence.revision}"
        work.owe(Job("silence.look", key, at, {"silence": silence.id}))


def _ask(work: Work, silence: Silence) -> None:
    key = f"silence:{silence.id}:ends:{silence.until.timestamp():.0f}"
    work.say(Message(key, silence.by, "monitor/silence_ends", {"silence": silence}))


def _notice_key(silence: Silence) -> str:
    return f"silence.notice:{silence.id}:{silence.revision}"


def _end_key(silence: Silence) -> str:
    return f"silence.end:{silence.id}"
