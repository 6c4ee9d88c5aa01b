"""Calls one after the other until somebody answers; every step looks again whether it is still wanted."""

from collections.abc import Mapping
from datetime import timedelta

from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Fact, Subject
from bot.core.messages import Band, Message
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale
from bot.core.stages import Stage
from bot.stages.monitor import cards
from bot.stages.monitor.calling import Called, reached
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.escalation import Escalation, Escalations, EscalationState, Policy, Step
from bot.stages.monitor.model.page import Page, PageState
from bot.stages.monitor.model.route import Alerting
from bot.team.oncall import rotations

AUDITED_EVERY = timedelta(minutes=5)


async def seed(work: Work) -> None:
    """Have rotations as the team file says, and escalations looked after."""
    await rotations.seed(work)
    owe_audit(work)


async def policy_for(work: Work, group: AlertGroup) -> Policy | None:
    """How an alert is escalated: as its route says; else a critical one calls whoever is on call for its service."""
    route = work.team.part(Alerting).named(group.route)
    if route.escalation:
        return work.team.part(Escalations).policies.get(route.escalation)
    rotation = await rotations.rotation_for(work, group.service) if route.pages and group.is_critical else None
    return policy_of(work, rotation.id) if rotation else None


def policy_of(work: Work, rotation: str) -> Policy:
    """The policy of the same name as a rotation; else whoever is on call is called, and once more."""
    again = (Step(timedelta(), rotation), Step(timedelta(minutes=10), rotation))
    return work.team.part(Escalations).policies.get(rotation) or Policy(rotation, again)


async def begin(work: Work, group: AlertGroup) -> Escalation | None:
    """Begin to call people about an alert, unless it is being done, somebody is on it, or it is kept quiet."""
    if group.state != "firing" or group.acknowledged is not None or not group.has_card:
        return None
    if await running(work, group.id) is not None:
        return None
    policy = await policy_for(work, group)
    return await _begin(work, group.id, policy) if policy else None


async def begin_page(work: Work, page: Page) -> Escalation:
    """Begin to call people for somebody."""
    return await _begin(work, page.id, policy_of(work, page.team))


async def running(work: Work, about: str) -> Escalation | None:
    """The escalation that still calls people about this."""
    found = await work.find(Escalation, about=about, state=EscalationState.RUNNING, limit=1)
    return await work.get(Escalation, found[0].id) if found else None


async def stop(work: Work, about: str, state: EscalationState) -> None:
    """Call nobody more about this."""
    escalation = await running(work, about)
    if escalation is None:
        return
    work.forgive(_key(escalation))
    await work.save(escalation.end(state, work.now))
    _record(work, escalation, "stopped", because=str(state))


async def hurry(work: Work, group_id: str, by: str) -> Called:
    """Take the next step now, or the first one of a new escalation. Raises ``Refusal``."""
    group = await cards.find(work, group_id)
    group.must_fire("nobody has to be called")
    escalation = await running(work, group.id)
    if escalation is None:
        policy = await policy_for(work, group) or await _any_policy(work, group)
        if policy is None:
            raise Refusal(
                f"Nobody is named who could be called about {group.id}. An admin adds “rotations” or “escalations” to "
                f"the team file; “/monitor assign {group.id} to @somebody” works without."
            )
        escalation = await _begin(work, group.id, policy, counts_from=by)
    group = await cards.acted(work, group)
    _record(work, escalation, "hurried", by)
    return await _step(work, escalation, group, timedelta(), by=by)


@due("escalate.step", urgent=True)
async def step(work: Work, it: Due) -> Outcome:
    """The next step, if nobody has answered and nothing has ended."""
    escalation = await work.get(Escalation, it.job.args["escalation"])
    if escalation is None or not escalation.is_running or escalation.next_step != it.job.args["step"]:
        return Outcome.NOOP
    if escalation.due_at > work.now:
        return Outcome.NOOP
    about = await _about(work, escalation)
    if about is None:
        await stop(work, escalation.about, EscalationState.OVER)
        return Outcome.NOOP
    if isinstance(about, AlertGroup) and about.silenced_until and about.silenced_until > work.now:
        waiting = escalation.wait_until(about.silenced_until)
        await work.save(waiting)
        owe_step(work, waiting)
        return Outcome.NOOP
    await _step(work, escalation, about, it.late_by)
    return Outcome.DONE


@due("escalate.wake", urgent=True)
async def wake(work: Work, it: Due) -> Outcome:
    """A silence ended early: go on where it waited, or begin."""
    group = await cards.find(work, it.job.args["group"])
    escalation = await running(work, group.id)
    if escalation is None:
        return Outcome.DONE if await begin(work, group) else Outcome.NOOP
    if escalation.due_at > work.now and escalation.waits_for_quiet:
        going_on = escalation.wait_until(work.now)
        await work.save(going_on)
        owe_step(work, going_on)
    return Outcome.DONE


@due("escalate.audit", urgent=True)
async def audit(work: Work, it: Due) -> Outcome:
    """Find steps that should have been taken long ago, say so, and have them taken."""
    late = 0
    for found in await work.find(Escalation, state=EscalationState.RUNNING):
        escalation = await work.get(Escalation, found.id)
        if escalation is None or not escalation.is_late(work.now) or escalation.late_told >= escalation.next_step:
            continue
        late += 1
        await work.save(escalation.say_late())
        _record(work, escalation, "late", minutes=int((work.now - escalation.due_at) / timedelta(minutes=1)))
        owe_step(work, escalation, again=True)
        context = {"escalation": escalation, "late_by": work.now - escalation.due_at}
        key = f"escalation:{escalation.id}:late:{escalation.next_step}"
        work.say(
            Message(key, work.team.channel_for(Stage.MONITOR), "monitor/escalation_late", context, band=Band.NOW)
        )
    owe_audit(work)
    return Outcome.DONE if late else Outcome.NOOP


def owe_audit(work: Work) -> None:
    """Owe the next look at what is late; there is one at a time."""
    every = AUDITED_EVERY.total_seconds()
    number = int(work.now.timestamp() // every) + 1
    at = work.now + timedelta(seconds=number * every - work.now.timestamp())
    work.owe(Job("escalate.audit", f"escalate.audit:{number}", at, {}))


async def _begin(work: Work, about: str, policy: Policy, counts_from: str = "") -> Escalation:
    number = await work.count(Escalation, about=about) + 1
    escalation = await work.add(Escalation.begin(f"{about}/{number}", about, policy, work.now))
    _record(work, escalation, "begun", counts_from, policy=policy.name)
    if not counts_from:
        owe_step(work, escalation)
    return escalation


async def _any_policy(work: Work, group: AlertGroup) -> Policy | None:
    """Whom a person may call though the route does not."""
    rotation = await rotations.rotation_for(work, group.service)
    if rotation is not None:
        return policy_of(work, rotation.id)
    return next(iter(work.team.part(Escalations).policies.values()), None)


async def _step(
    work: Work, escalation: Escalation, about: AlertGroup | Page, late_by: timedelta, by: str = ""
) -> Called:
    wanted = escalation.step
    if wanted is None:
        raise Stale("Everybody who is named has been called already.")
    called = await reached(work, wanted.to)
    again = called.who in escalation.called and bool(called.person)
    after = escalation.take_step(called.who, work.now)
    await work.save(after)
    _record(work, after, "stepped", by, step=escalation.next_step, to=called.who)
    context = {
        "called": called,
        "by": by,
        "again": again,
        "escalation": after,
        "late_by": late_by,
        "last": after.state is EscalationState.GIVEN_UP,
    }
    if isinstance(about, AlertGroup):
        _call_about_alert(work, about, after, called, context)
    else:
        await _call_about_page(work, about, after, called, context)
    if after.is_running:
        owe_step(work, after)
    return called


def _call_about_alert(
    work: Work, group: AlertGroup, after: Escalation, called: Called, context: Mapping[str, object]
) -> None:
    what = f"step:{after.id}:{after.next_step}"
    cards.tell(work, group, what, "monitor/escalated", context, even_silent=True, band=Band.NOW)
    if called.channel:
        key = f"escalation:{after.id}:{after.next_step}"
        there = {"group": group, **context}
        work.say(Message(key, called.channel, "monitor/escalated_there", there, band=Band.NOW))


async def _call_about_page(
    work: Work, page: Page, after: Escalation, called: Called, context: Mapping[str, object]
) -> None:
    page = page.calls(called.who)
    if after.state is EscalationState.GIVEN_UP and page.state is PageState.CALLING:
        page = page.unheard(work.now)
    await work.save(page)
    told = {"page": page, **context}
    key = f"page:{page.id}:step:{after.next_step}"
    if called.person:
        work.say(Message(key, called.person, "monitor/paged", told, band=Band.NOW))
    work.say(Message(f"page:{page.id}", page.channel, "monitor/page", {"page": page}, band=Band.NOW))
    if after.next_step > 1:
        where = called.channel or page.channel
        thread = f"page:{page.id}" if where == page.channel else None
        work.say(Message(f"{key}:there", where, "monitor/page_step", told, thread_of=thread, band=Band.NOW))


async def _about(work: Work, escalation: Escalation) -> AlertGroup | Page | None:
    """What it is about, where that still wants somebody."""
    if escalation.about.startswith(f"{Page.PREFIX}-"):
        page = await work.get(Page, escalation.about)
        return page if page and page.state is PageState.CALLING else None
    group = await work.get(AlertGroup, escalation.about)
    return group if group and group.state == "firing" and group.acknowledged is None else None


def owe_step(work: Work, escalation: Escalation, *, again: bool = False) -> None:
    """Owe its next step when it is due."""
    args = {"escalation": escalation.id, "step": escalation.next_step}
    key = _key(escalation) + (f":late:{work.now.timestamp():.0f}" if again else "")
    work.owe(Job("escalate.step", key, max(escalation.due_at, work.now), args))


def _key(escalation: Escalation) -> str:
    return f"escalate:{escalation.id}:{escalation.next_step}:{escalation.due_at.timestamp():.0f}"


def _record(work: Work, escalation: Escalation, what: str, by: str = "", **facts: Fact) -> None:
    kind = "page" if escalation.about.startswith(f"{Page.PREFIX}-") else "alert"
    work.record(Entry(f"escalation.{what}", (Subject(kind, escalation.about),), by, facts))
