"""What the team sees of a deployment: its card, kept true, what happened in its thread, and its ledger entries."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.approvals import Decision, digest_of
from bot.core.ledger import Entry, Fact, Subject
from bot.core.messages import Message
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.deploy import rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.obstacles import obstacles, passed_as_fix
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.model.surroundings import Picture, concerned, picture
from bot.stages.deploy.queue import queue_of, slot_of
from bot.stages.flags.model.flag import MOST_FLAGS, Flag
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan.model.change import Change
from bot.stages.plan.model.tickets import Tracker
from bot.team.oncall import rotations

SHOWN_CHANGES = 5
SHOWN_ALERTS = 5


def card_key(deployment: Deployment) -> str:
    """Names the deployment's card for ever."""
    return f"deployment:{deployment.id}"


def channel_of(work: Work, deployment: Deployment) -> str:
    """Where its card stands."""
    return work.team.channel_for(Stage.DEPLOY, deployment.service)


async def redraw(work: Work, deployment: Deployment) -> None:
    """Have the card, and whatever asks for a decision, show how it stands now."""
    await show(work, deployment, await slot_of(work, deployment.service, deployment.environment))
    await show_asked(work, deployment)


async def show_asked(work: Work, deployment: Deployment) -> None:
    """Ask those who were chosen to decide, by direct message; afterwards the same messages say how it ended."""
    where = rules.environment_of(work, deployment.environment)
    is_open = deployment.state is State.WAITING and bool(deployment.asked)
    checks = await rules.checks_of(work, deployment, where.checks) if is_open else None
    bound = deployment.bound_with(checks.failed if checks else None)
    for user in deployment.asked:
        context = {"deployment": deployment, "user": user, "checks": checks, "bound": bound}
        work.say(Message(f"{card_key(deployment)}:ask:{user}", user, "deploy/asked", context))


async def show(work: Work, deployment: Deployment, slot: Slot) -> None:
    """Post the card, or redraw it as things are now."""
    # Whoever found it in a list has not locked it: somebody else may be at it, and the later card must be the true one.
    deployment = await work.get(Deployment, deployment.id) or deployment
    changes = [await work.get(Change, id) for id in deployment.ships.changes[:SHOWN_CHANGES]]
    is_queued = deployment.state is State.QUEUED
    ahead = await work.get(Deployment, slot.taken_by) if is_queued and slot.taken_by != deployment.id else None
    is_live = slot.live is not None and slot.live.deployment == deployment.id
    # Another one that has come or is about to come makes "retry" and "roll back" mean something else.
    is_last_word = slot.latest == deployment.id and not slot.taken_by
    has_ended = deployment.state in (State.SUCCEEDED, State.FAILED)
    context: dict[str, Any] = {
        "deployment": deployment,
        "changes": [change for change in changes if change],
        "ahead": ahead,
        "picture": (drawn := await _picture(work, deployment, slot)),
        "bound": deployment.bound_with(drawn.checks.failed if drawn else None),
        "can_retry": deployment.state is State.FAILED and is_last_word and not deployment.reported_by,
        "back_to": deployment.before if has_ended and is_last_word and _is_deployable(work, deployment) else None,
        "tickets": [(id, work.team.part(Tracker).link_to(id)) for id in deployment.ships.tickets[:SHOWN_CHANGES]],
        "alerts": [group for id in deployment.alerts[:SHOWN_ALERTS] if (group := await work.get(AlertGroup, id))],
        "replaced_by": slot.live if deployment.state is State.SUCCEEDED and not is_live else None,
    }
    work.say(Message(card_key(deployment), channel_of(work, deployment), "deploy/card", context))


def _is_deployable(work: Work, deployment: Deployment) -> bool:
    """Somebody else's deployment can be taken back only where we could deploy the service ourselves."""
    service = work.team.services.get(deployment.service)
    return not deployment.reported_by or bool(service and service.deploy)


async def _picture(work: Work, deployment: Deployment, slot: Slot) -> Picture | None:
    """What surrounds it, while somebody may still decide, or something holds it."""
    is_about_to_start = deployment.state is State.QUEUED and slot.taken_by == deployment.id
    if deployment.state not in (State.WAITING, State.QUEUED) or is_about_to_start:
        return None
    facts = await rules.facts_of(work, deployment)
    where = rules.environment_of(work, deployment.environment)
    who = await on_call(work, deployment.service)
    flags = await _flags(work, deployment)
    starts_by = rules.starts_by(work, deployment)
    passes = passed_as_fix(deployment, where, facts)
    return picture(deployment, facts, obstacles(deployment, where, facts), slot.live, who, flags, starts_by, passes)


async def _flags(work: Work, deployment: Deployment) -> list[Flag]:
    changes = deployment.ships.changes
    linked = await work.find(Flag, change=changes, newest_first=False) if changes else []
    return concerned(deployment, linked, await work.find(Flag, service=deployment.service, limit=MOST_FLAGS))


async def on_call(work: Work, service: str) -> tuple[str, ...]:
    """Who is on call for a service now."""
    rotation = await rotations.rotation_for(work, service)
    who = rotation.who_at(work.now, await rotations.covers_of(work, rotation.id)) if rotation else ""
    return (who,) if who else ()


async def show_queue(work: Work, slot: Slot) -> None:
    """Redraw the cards of those that wait for their turn there: who is ahead of them has changed."""
    for deployment in await queue_of(work, slot):
        await show(work, deployment, slot)


def tell_progress(work: Work, deployment: Deployment, lines: list[str], printed: int) -> None:
    """One message in the card's thread with the last lines of the run, edited while it goes on and at its end."""
    ran = deployment.ended_at or work.now
    took = ran - deployment.started_at if deployment.started_at else timedelta()
    context = {"deployment": deployment, "lines": lines, "printed": printed, "took": took}
    _in_thread(work, deployment, f"run:{deployment.run}", "deploy/progress", context)


def tell_in_thread(work: Work, deployment: Deployment, what: str, **context: Any) -> None:
    """A line in the card's thread for whoever has to act: refused, expired, interrupted."""
    _in_thread(
        work, deployment, f"{what}:{deployment.run}", f"deploy/{what}", {"deployment": deployment, **context}
    )


def tell_end(work: Work, deployment: Deployment, next_one: str) -> None:
    """A new message to the channel that it is live, or that it failed; also to the service's own channel.

    ``next_one`` is the deployment that starts now, which leaves a failed one no buttons; "" where none does.
    """
    template = "deploy/live" if deployment.state is State.SUCCEEDED else "deploy/failed"
    service = work.team.services.get(deployment.service)
    places = dict.fromkeys(
        place for place in (channel_of(work, deployment), service.channel if service else None) if place
    )
    for place in places:
        key = f"deployment:{deployment.run_name}:ended:{place}"
        work.say(Message(key, place, template, {"deployment": deployment, "next_one": next_one}))


async def tell_next(work: Work, running: Deployment, slot: Slot) -> None:
    """Tell whoever asked for what comes after this one that they are next; and this one's, that it runs."""
    if running.told_next:
        _tell_turn(work, running, None)
    following = next((one for one in await queue_of(work, slot) if one.id != running.id), None)
    if following and not following.told_next and not await rules.holding(work, following):
        following = replace(following, told_next=True)
        await work.save(following)
        _tell_turn(work, following, running)


async def tell_whose_turn(work: Work, slot: Slot) -> None:
    """The same when somebody joins the queue while one runs."""
    running = await work.get(Deployment, slot.taken_by) if slot.taken_by else None
    if running is not None and running.state is State.RUNNING:
        await tell_next(work, replace(running, told_next=False), slot)


def _tell_turn(work: Work, deployment: Deployment, ahead: Deployment | None) -> None:
    context = {"deployment": deployment, "ahead": ahead}
    # Whoever asked anew, to pass a freeze, may be somebody else than whoever was told before.
    is_anew = deployment.overrides or deployment.fixes
    key = f"{card_key(deployment)}:next{':anew' if is_anew else ''}"
    work.say(Message(key, deployment.asked_by, "deploy/next", context))


def record(work: Work, deployment: Deployment, what: str, by: str = "", /, *more: Subject, **facts: Fact) -> None:
    """A ledger entry ``deployment.<what>`` that links deployment, version, commit, changes and ``more``."""
    where = (Subject("service", deployment.service), Subject("environment", deployment.environment))
    subjects = [
        Subject("deployment", deployment.id),
        Subject("version", f"{deployment.service}@{deployment.version}"),
        *([Subject("sha", deployment.sha)] if deployment.sha else []),
        *(Subject("change", id) for id in deployment.ships.changes),
        *(_pull_requests(work, deployment) if what == "requested" else []),
        *(Subject("ticket", id) for id in deployment.ships.tickets),
        *more,
        *where,
    ]
    work.record(Entry(f"deployment.{what}", tuple(subjects), by, {"run": deployment.run, **facts}))


def _pull_requests(work: Work, deployment: Deployment) -> list[Subject]:
    service = work.team.services.get(deployment.service)
    if service is None or service.repository.remote is None:
        return []
    name = work.team.called(service.repository.remote, service.repository.web)
    return [Subject("pr", f"{name}#{number}") for number in deployment.ships.pull_requests]


def _in_thread(work: Work, deployment: Deployment, what: str, template: str, context: dict[str, Any]) -> None:
    work.say(
        Message(
            f"deployment:{deployment.id}:{what}",
            channel_of(work, deployment),
            template,
            context,
            thread_of=card_key(deployment),
        )
    )


def record_vote(
    work: Work, deployment: Deployment, decision: Decision, by: str, grounds: Mapping[str, str]
) -> None:
    """The entry of somebody's yes or no, by what they might say it, and what they saw."""
    vote = digest_of(deployment.approval.last, deployment.id, deployment.artifact)
    facts = {**grounds, "override": deployment.overrides, "fixes": deployment.fixes}
    given = {name: one for name, one in facts.items() if one}
    record(work, deployment, "approved" if decision is Decision.APPROVE else "refused", by, vote=vote, **given)
