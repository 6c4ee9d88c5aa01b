"""What changed shortly before an alert began, what can be taken back of it, and whether it was it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.find_or_refuse import every, found
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.slot import Slot, slot_id
from bot.stages.monitor import cards as news
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.suspect import (
    LOOKED_BACK,
    SHOWN,
    Answer,
    CauseQuestion,
    FailureRate,
    Suspect,
    Suspected,
    suspects_in,
)


async def of(work: Work, group: AlertGroup) -> tuple[Suspect, ...]:
    """What changed in its service within the two hours before it began to fire, the newest first."""
    if group.service is None:
        return ()
    began_at = began(group)
    entries = await work.history(Subject("service", group.service))
    changes = suspects_in(entries, began_at - LOOKED_BACK, began_at, group.environment)[:SHOWN]
    return tuple([await _with_way_back(work, one) for one in changes])


async def looked_for(work: Work, group: AlertGroup) -> AlertGroup:
    """The group with its suspects: they are looked for once each time that it begins to fire."""
    began_at = began(group)
    if group.state != "firing" or (group.suspected and group.suspected.began_at == began_at):
        return group
    return replace(group, suspected=Suspected(began_at, await of(work, group)))


def began(group: AlertGroup) -> datetime:
    """When it began to fire the last time."""
    return group.fires[-1] if group.times_fired > 1 and group.fires else group.opened_at


def tell(work: Work, group: AlertGroup) -> None:
    """Name the suspects in the thread, with the buttons that take them back."""
    if group.suspected and group.suspected.changes:
        context = {"suspects": group.suspected.changes}
        news.tell(work, group, f"suspects:{group.times_fired}", "monitor/suspects", context)


async def ask(work: Work, group: AlertGroup) -> None:
    """Ask whoever was on it whether a deployment was it. Where nobody was, nobody knows."""
    if group.acknowledged is None or group.suspected is None or group.service is None:
        return
    id = f"{group.id}/{group.times_fired}"
    deployments = tuple(one for one in group.suspected.changes if one.deployment)
    if not deployments or await work.get(CauseQuestion, id) is not None:
        return
    question = await work.add(
        CauseQuestion(
            id=id,
            group_id=group.id,
            who=group.acknowledged.by,
            service=group.service,
            suspects=deployments,
            asked_at=work.now,
        )
    )
    _show(work, question, group)


async def answer(work: Work, question_id: str, deployment: str, said: Answer, by: Person) -> CauseQuestion:
    """What they say; only a yes is recorded. Raises ``Refusal``."""
    question = (await known(work, question_id)).answer(said, by.id, deployment, work.now)
    await work.save(question)
    group = await news.find(work, question.group_id)
    if question.state == Answer.YES:
        _confirm(work, question, group, by)
    _show(work, question, group)
    return question


async def known(work: Work, id: str) -> CauseQuestion:
    """The question with this id. Raises ``Unknown``."""
    return await found(work, CauseQuestion, id, "question", field="question")


async def live_since(work: Work, since: datetime, service: str | None = None) -> list[Deployment]:
    """Deployments that are live, or were, and changed since then; of one service or all."""
    return [
        one
        async for one in work.changed(Deployment, since)
        if one.state is State.SUCCEEDED and service in (None, one.service)
    ]


async def change_failure(work: Work, days: int, service: str | None = None) -> FailureRate:
    """How many of the deployments that went live in these days were confirmed to have caused an alert."""
    since = work.now - timedelta(days=days)
    return await change_failure_of(work, await live_since(work, since, service), since, service)


async def change_failure_of(
    work: Work, live: Iterable[Deployment], since: datetime, service: str | None = None
) -> FailureRate:
    """The same of what ``live_since`` gave. What takes another one back is not counted: it is the cure."""
    where: dict[str, Any] = {"service": service} if service else {}
    counted = {one.id for one in live if not one.rolls_back and one.ended_at and one.ended_at >= since}
    confirmed = await every(work, CauseQuestion, state=str(Answer.YES), **where)
    return FailureRate(len(counted), len(counted & {one.suspect.deployment for one in confirmed}))


async def _with_way_back(work: Work, suspect: Suspect) -> Suspect:
    deployment = await work.get(Deployment, suspect.deployment) if suspect.deployment else None
    if deployment is None or deployment.before is None or deployment.state is not State.SUCCEEDED:
        return suspect
    slot = await work.get(Slot, slot_id(deployment.service, deployment.environment))
    is_live = slot is not None and slot.latest == deployment.id and not slot.taken_by
    return replace(suspect, can_go_back=is_live, back_to=deployment.before.name)


def _confirm(work: Work, question: CauseQuestion, group: AlertGroup, by: Person) -> None:
    suspect = question.suspect
    service, _, version = suspect.what.partition(" ")
    subjects = [
        Subject("deployment", suspect.deployment),
        Subject("alert", group.id),
        *([Subject("version", f"{service}@{version}")] if version else []),
        Subject("service", question.service),
    ]
    if suspect.environment:
        subjects.append(Subject("environment", suspect.environment))
    work.record(Entry("deployment.confirmed_cause", tuple(subjects), by.id))
    news.tell(work, group, f"cause:{question.id}", "monitor/cause", {"suspect": suspect, "by": by.id})


def _show(work: Work, question: CauseQuestion, group: AlertGroup) -> None:
    context = {"question": question, "group": group}
    work.say(Message(f"cause:{question.id}", question.who, "monitor/was_it_this", context))
