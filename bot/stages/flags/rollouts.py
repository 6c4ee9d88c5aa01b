"""How a flag is rolled out: step by step on timers, stopped by an alert of its service, resumed by a person."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.approvals import Decision, digest_of
from bot.core.events import AlertFired, AlertResolved
from bot.core.find_or_refuse import found
from bot.core.handlers import due, on
from bot.core.jobs import Due, Job, Outcome
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.core.refusals import Stale
from bot.core.team import Environment
from bot.stages.flags import cards as news
from bot.stages.flags import rules
from bot.stages.flags.model.flag import Flag, Place, Serving
from bot.stages.flags.model.rollout import SOAK, STEPS, Rollout, RolloutState
from bot.stages.flags.model.segment import EVERYBODY, Segment
from bot.stages.flags.places import change_waiting, known, must_be_free, put
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.team.environments.look_again import look_at_next_turn
from bot.team.services import environment_of, service_of_labels

WITH_ALERTS = (RolloutState.RUNNING, RolloutState.PAUSED)


async def ask(
    work: Work,
    flag: Flag,
    environment: Environment,
    by: Person,
    *,
    steps: tuple[int, ...] = STEPS,
    soak: timedelta = SOAK,
    segment: Segment = EVERYBODY,
) -> Rollout:
    """A new plan with its card in the release channel; its first step is taken once it is approved.

    A plan passes no freeze: its steps come long after somebody has given a reason. Raises ``Refusal``, ``Stale``: the
    flag is in hand of another plan or a change, or there already; the environment is locked or frozen.
    """
    flag.must_be_active()
    await must_be_free(work, flag, environment.name)
    if waiting := await change_waiting(work, flag, environment.name):
        raise Stale(f"{waiting.id} ({waiting.what}) waits for approval. Have it decided, or cancel it, first.")
    first = Serving(steps[0], segment)
    await rules.must_be_askable(work, flag, environment, first, by.id, because=None)
    plan = await work.add(Rollout.ask(flag, environment, by, work.now, steps=steps, soak=soak, segment=segment))
    if plan.approval.is_given:
        return await _start(work, plan, flag)
    work.owe(Job("rollout.expire", _expiry_key(plan), plan.approval.expires_at, {"rollout": plan.id}))
    look_at_next_turn(work, environment.name)
    _record(work, plan, flag, "planned", by.id)
    await news.show_rollout(work, plan, flag)
    return plan


async def decide(work: Work, id: str, decision: Decision, by: Person) -> Rollout:
    """One more vote; with the last yes the first step is taken. Raises ``Stale``, ``NotAllowed``."""
    plan = (await known_rollout(work, id)).decide(decision, by, work.now)
    flag = await known(work, plan.flag)
    if decision is Decision.APPROVE:
        await rules.must_let_pass(work, plan, by.id)
    if plan.approval.is_given or plan.state is RolloutState.REFUSED:
        work.forgive(_expiry_key(plan))
    what, vote = "approved" if decision is Decision.APPROVE else "refused", digest_of(plan.approval.last, plan.id)
    why = Policy(work.team).grounds(f"release.roll-out-{decision}", plan.environment, by, service=plan.service)
    _record(work, plan, flag, what, by.id, vote=vote, **why)
    if plan.approval.is_given:
        return await _start(work, plan, flag)
    return await _shown(work, plan, flag)


async def pause(work: Work, id: str, by: Person) -> Rollout:
    """Standing still until somebody says what to do. Raises ``Stale``."""
    plan = await known_rollout(work, id)
    if plan.state is not RolloutState.RUNNING:
        raise Stale(plan.standing(work.now))
    flag = await known(work, plan.flag)
    return await _paused(work, plan.pause(by.id, by.name, work.now), flag, by.id)


async def resume(work: Work, id: str, by: Person) -> Rollout:
    """Going on, whatever fires now: that has been looked at. Raises ``Stale``."""
    plan = await known_rollout(work, id)
    flag = await known(work, plan.flag)
    firing = await _firing(work, plan)
    plan = plan.resume(tuple(mark for mark, _ in firing), work.now)
    _record(work, plan, flag, "resumed", by.id, heeded=len(firing))
    if not plan.done:
        return await _go(work, plan, flag)
    _owe_next(work, plan)
    return await _shown(work, plan, flag)


async def revert(work: Work, id: str, by: Person) -> Rollout:
    """Over, and the flag as it was before its first step, at once. Raises ``Stale``."""
    plan = (await known_rollout(work, id)).revert(by, work.now)
    flag = await known(work, plan.flag)
    if plan.done:
        place = Place(plan.before, work.now, plan.id)
        flag = await put(work, flag, plan.environment, place, by=by.id, why=f"{plan.id} reverted")
    _record(work, plan, flag, "reverted", by.id)
    return await _shown(work, plan, flag)


async def cancel(work: Work, id: str, by: Person) -> Rollout:
    """Cancelled before its decision. Raises ``Stale``."""
    plan = (await known_rollout(work, id)).cancel(by, work.now)
    work.forgive(_expiry_key(plan))
    flag = await known(work, plan.flag)
    _record(work, plan, flag, "cancelled", by.id)
    return await _shown(work, plan, flag)


async def end(work: Work, plan: Rollout, flag: Flag, by: Person) -> Rollout:
    """Over, whatever it did just now, as somebody turns the flag off; that itself is a change of the flag."""
    plan = plan.end(by, work.now)
    work.forgive(_expiry_key(plan))
    _record(work, plan, flag, "ended", by.id)
    return await _shown(work, plan, flag)


@due("rollout.step", lasting=True)
async def step(work: Work, it: Due) -> Outcome:
    """The next step, unless an alert of the service fires that nobody has looked at, or a freeze or a lock is on."""
    plan = await work.get(Rollout, it.job.args["rollout"])
    if plan is None or plan.state is not RolloutState.RUNNING or plan.turn != it.job.args["turn"]:
        return Outcome.NOOP
    await _start(work, plan, await known(work, plan.flag), it.late_by)
    return Outcome.DONE


@due("rollout.look")
async def look(work: Work, it: Due) -> Outcome:
    """What surrounds a plan is otherwise: a step that was held is tried, and its card says what is so."""
    plan = await work.get(Rollout, it.job.args["rollout"])
    if plan is None or plan.state not in (RolloutState.WAITING, RolloutState.RUNNING):
        return Outcome.NOOP
    flag = await known(work, plan.flag)
    if plan.held_by:
        await _start(work, plan, flag)
    else:
        await news.show_rollout(work, plan, flag)
    return Outcome.DONE


@due("rollout.expire", lasting=True)
async def expire(work: Work, it: Due) -> Outcome:
    """A plan that nobody decided lapses."""
    plan = await work.get(Rollout, it.job.args["rollout"])
    if plan is None or plan.state is not RolloutState.WAITING:
        return Outcome.NOOP
    flag = await known(work, plan.flag)
    plan = plan.expire(work.now)
    _record(work, plan, flag, "expired")
    await _shown(work, plan, flag)
    return Outcome.DONE


async def mind_alerts(work: Work, events: Sequence[AlertFired | AlertResolved]) -> None:
    """Pause every roll-out of a service whose alert fires, once; one that was looked at and fires anew counts again."""
    plans: dict[str, list[Rollout]] = {}
    for event in events:
        service = service_of_labels(work.team, event.labels)
        if service is None:
            continue
        if service not in plans:
            plans[service] = await work.find(Rollout, service=service, state=WITH_ALERTS)
        plans[service] = [await _minded(work, plan, event) for plan in plans[service]]


@on(AlertFired, together=mind_alerts)
async def alert_fired(work: Work, event: AlertFired) -> None:
    """One alert; see ``mind_alerts``."""
    await mind_alerts(work, [event])


@on(AlertResolved, together=mind_alerts)
async def alert_resolved(work: Work, event: AlertResolved) -> None:
    """One alert; see ``mind_alerts``."""
    await mind_alerts(work, [event])


async def known_rollout(work: Work, id: str) -> Rollout:
    """The roll-out with this id. Raises ``Unknown`` with the newest ones."""
    return await found(work, Rollout, id, "roll-out", field="rollout")


async def _minded(work: Work, plan: Rollout, event: AlertFired | AlertResolved) -> Rollout:
    """The plan after this event, saved where it is another one then."""
    labels = event.labels
    where = environment_of(work.team, labels.get("environment") or labels.get("env") or labels.get("stage") or "")
    if where not in (None, plan.environment):
        return plan
    mark = f"{event.source}:{event.fingerprint}"
    if isinstance(event, AlertResolved):
        after = plan.forget(mark)
        if after is not plan:
            await work.save(after)
        return after
    if plan.state is not RolloutState.RUNNING or mark in plan.heeded:
        return plan
    name = event.labels.get("alertname") or event.fingerprint
    flag = await known(work, plan.flag)
    return await _paused(work, plan.pause("", name, work.now), flag)


async def _start(work: Work, plan: Rollout, flag: Flag, late_by: timedelta = timedelta()) -> Rollout:
    alert = await _unheeded(work, plan)
    if alert is not None:
        return await _paused(work, plan.pause("", alert, work.now), flag)
    return await _go(work, plan, flag, late_by)


async def _go(work: Work, plan: Rollout, flag: Flag, late_by: timedelta = timedelta()) -> Rollout:
    """One step further; while freezes or locks are on, it waits for their end."""
    waits = [one for one in await rules.holding(work, plan) if one.until]
    if not waits or plan.state is not RolloutState.RUNNING:
        return await _step(work, plan, flag, late_by)
    until, held_by = max(one.until for one in waits if one.until), "; ".join(one.what for one in waits)
    if (plan.held_by, plan.next_at) == (held_by, until):
        return plan
    if plan.held_by != held_by:
        _record(work, plan, flag, "held", rules=", ".join(one.rule for one in waits))
    plan = plan.hold(held_by, until, work.now)
    _owe_next(work, plan)
    return await _shown(work, plan, flag)


async def _step(work: Work, plan: Rollout, flag: Flag, late_by: timedelta) -> Rollout:
    plan = plan.step(work.now, late_by)
    flag = await put(work, flag, plan.environment, plan.place(work.now), by=plan.asked_by, why=plan.id)
    if plan.state is RolloutState.RUNNING:
        _owe_next(work, plan)
    else:
        _record(work, plan, flag, "done")
    return await _shown(work, plan, flag)


async def _paused(work: Work, plan: Rollout, flag: Flag, by: str = "") -> Rollout:
    _record(work, plan, flag, "paused", by, alert=not by)
    await _shown(work, plan, flag)
    if not by:
        news.tell_pause(work, plan)
    return plan


async def _shown(work: Work, plan: Rollout, flag: Flag) -> Rollout:
    await work.save(plan)
    await news.show_rollout(work, plan, flag)
    return plan


async def _unheeded(work: Work, plan: Rollout) -> str | None:
    """The name of an alert of the service that fires and that nobody has said to go on in spite of."""
    return next((name for mark, name in await _firing(work, plan) if mark not in plan.heeded), None)


async def _firing(work: Work, plan: Rollout) -> list[tuple[str, str]]:
    """What fires for the service there: by what it is known again, and its name."""
    if plan.service is None:
        return []
    groups = await work.find(AlertGroup, state="firing", service=plan.service)
    here = [group for group in groups if group.environment in (None, plan.environment)]
    return [(f"{group.source}:{alert.fingerprint}", group.name) for group in here for alert in group.firing]


def _owe_next(work: Work, plan: Rollout) -> None:
    if plan.next_at is not None:
        look_at_next_turn(work, plan.environment)
        args = {"rollout": plan.id, "turn": plan.turn}
        work.owe(Job("rollout.step", f"rollout.step:{plan.id}:{plan.turn}", plan.next_at, args))


def _record(work: Work, plan: Rollout, flag: Flag, what: str, by: str = "", **facts: int | bool | str) -> None:
    news.record(work, flag, f"rollout_{what}", plan.environment, by, rollout=plan.id, **facts)


def _expiry_key(plan: Rollout) -> str:
    return f"rollout.expire:{plan.id}"
