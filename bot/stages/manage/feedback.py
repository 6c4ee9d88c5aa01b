"""Feedback and concerns: filed, closed, or made into a change, which closes the loop back to plan."""

from collections.abc import Mapping
from typing import Any

from bot.core.ledger import Entry, Subject
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal, Unknown
from bot.core.stages import Stage
from bot.stages.manage.model.feedback import Concern, Feedback, Remark, RemarkState
from bot.stages.plan import cards, changes
from bot.stages.plan.model.change import Change


async def file_feedback(
    work: Work, text: str, by: Person, *, service: str | None = None, from_whom: str | None = None
) -> Feedback:
    """File what somebody thinks of what we made, and post its card. Raises ``Refusal``."""
    channel = work.team.channel_for(Stage.MANAGE, service)
    new = Feedback.file(text, by, work.now, service=service, from_whom=from_whom, channel=channel)
    feedback = await work.add(new)
    await _note(work, feedback, "filed", by)
    return feedback


async def raise_concern(work: Work, text: str, by: Person, *, service: str | None = None) -> Concern:
    """File what worries somebody, and post its card. Raises ``Refusal``."""
    channel = work.team.channel_for(Stage.MANAGE, service)
    concern = await work.add(Concern.file(text, by, work.now, service=service, channel=channel))
    await _note(work, concern, "raised", by)
    return concern


async def known(work: Work, id: str) -> Remark:
    """The feedback or the concern that a person named. Raises ``Unknown``, and ``Refusal`` for another id."""
    wanted = id.strip().upper()
    if not wanted.startswith((f"{Feedback.PREFIX}-", f"{Concern.PREFIX}-")):
        raise Refusal(
            f"“{id}” is neither feedback nor a concern: their ids look like F-12 and N-3. "
            "“/manage list” shows those that are open.",
            field="id",
        )
    remark = await cards.remark_with(work, wanted)
    if remark is None:
        what = "feedback" if wanted.startswith(Feedback.PREFIX) else "concern"
        raise Unknown(what, wanted, tuple(each.id for each in (await open_ones(work))[-3:]), field="id")
    return remark


async def close(work: Work, id: str, by: Person, because: str | None = None) -> Remark:
    """Nothing more is to be done. Raises ``Unknown``, and ``Stale`` where something came of it before."""
    closed = (await known(work, id)).close(by, work.now, because)
    await work.save(closed)
    await _note(work, closed, "closed", by)
    return closed


async def make_change(work: Work, id: str, by: Person, fields: Mapping[str, Any]) -> Change:
    """Plan a change that answers it, linked both ways.

    Raises ``Unknown``, ``Refusal`` for a bad title, and ``Stale`` where something came of it before.
    """
    remark = await known(work, id)
    remark.must_be_open(work.now)
    change = await changes.plan(
        work,
        fields["title"],
        by,
        goal=fields.get("goal"),
        benefit=fields.get("benefit"),
        owner_id=fields.get("owner"),
        due=fields.get("due"),
        service=remark.service,
        came_from=remark.id,
    )
    planned = remark.become(change.id, by, work.now)
    await work.save(planned)
    await _note(work, planned, "planned", by, change.subject)
    return change


async def open_ones(work: Work, service: str | None = None) -> list[Remark]:
    """Concerns, then feedback, of which nothing has come yet, each the oldest first."""
    where: dict[str, Any] = {"service": service} if service else {}
    concerns = await work.find(Concern, state=RemarkState.OPEN, newest_first=False, **where)
    feedback = await work.find(Feedback, state=RemarkState.OPEN, newest_first=False, **where)
    return [*concerns, *feedback]


async def _note(work: Work, remark: Remark, what: str, by: Person, *others: Subject) -> None:
    service = (Subject("service", remark.service),) if remark.service else ()
    work.record(Entry(f"{remark.noun}.{what}", (remark.subject, *others, *service), by.id))
    await cards.show_remark(work, remark)
