"""A change's way from plan to its end: planned, moved on by other stages, linked to code, done or dropped."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.core.find_or_refuse import found
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.code.hosted import pull_request_meant
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.plan import cards
from bot.stages.plan.model.change import Change, ChangeState, change_ids_in, pull_request_named

__all__ = ["advance", "change_ids_in", "edit", "end", "fall_back", "known", "link", "named_in", "plan", "start"]


async def known(work: Work, id: str, *, field: str = "change") -> Change:
    """The change that a person named. Raises ``Unknown``."""
    return await found(work, Change, id, "change", field=field)


async def named_in(work: Work, text: str) -> list[Change]:
    """The changes that a text names ("C-41 …"), those that exist, in its order."""
    read = [await work.get(Change, id) for id in change_ids_in(text)]
    return [change for change in read if change is not None]


async def plan(work: Work, title: str, by: Person, *, service: str | None = None, **rest: Any) -> Change:
    """Plan a change and post its card; ``rest`` as ``Change.plan`` takes it. Raises ``Refusal``."""
    channel = work.team.channel_for(Stage.PLAN, service)
    change = await work.add(Change.plan(title, by, work.now, service=service, channel=channel, **rest))
    from_what = _came_from(change)
    work.record(Entry("change.planned", (*_subjects(change), *from_what), by.id, {"stage": str(change.stage)}))
    await cards.show_change(work, change, is_new=True)
    return change


async def edit(work: Work, change: Change, by: Person, fields: Mapping[str, Any]) -> Change:
    """Change its words, owner, target date or service; says nothing where nothing is different."""
    edited = change.edit(
        title=fields["title"],
        goal=fields.get("goal"),
        benefit=fields.get("benefit"),
        owner_id=fields.get("owner"),
        due=fields.get("due"),
        service=fields.get("service"),
    )
    if edited == change:
        return change
    await work.save(edited)
    facts = {"owner": edited.owner_id, "due": _iso(edited.due)}
    work.record(Entry("change.edited", _subjects(edited), by.id, facts))
    await cards.show_change(work, edited)
    return edited


async def start(work: Work, id: str, by: Person) -> Change:
    """Begin to code it. Raises ``Unknown``, and ``Stale`` where somebody has begun already."""
    change = await known(work, id)
    return await _moved(work, change, change.start(by, work.now), by.id, ())


async def advance(
    work: Work, change: Change | str, stage: Stage, *, by: str = "", because: tuple[Subject, ...] = ()
) -> Change | None:
    """Note that a change has reached a stage; nothing happens where it is there, further on, or has ended.

    Args:
        change: a change that was read in this work, or its id; None comes back where there is none with that id.
        by: a user id or a source's name.
        because: what carried it there, such as a deployment; the ledger links them.
    """
    known_one = await work.get(Change, change) if isinstance(change, str) else change
    if known_one is None:
        return None
    return await _moved(work, known_one, known_one.advance(stage, work.now), by, because)


async def fall_back(
    work: Work, change: Change | str, stage: Stage, *, by: str = "", because: tuple[Subject, ...] = ()
) -> Change | None:
    """Note that a change is only at an earlier stage again, after a rollback; arguments as of ``advance``."""
    known_one = await work.get(Change, change) if isinstance(change, str) else change
    if known_one is None:
        return None
    return await _moved(work, known_one, known_one.fall_back(stage, work.now), by, because)


async def link(work: Work, change: Change, pr: str, *, by: str) -> Change:
    """Link it to a pull request (``owner/repo#12``); again is harmless."""
    linked = change.link(pr)
    if linked is not change:
        await work.save(linked)
        work.record(Entry("change.linked", (change.subject, Subject("pr", pr)), by))
        await cards.show_change(work, linked)
    return linked


async def link_named(work: Work, id: str, pr: str, by: Person) -> tuple[Change, str]:
    """Link a change to the pull request that a person named, and give both. Raises ``Refusal``."""
    change = await known(work, id)
    name = await pull_request_meant(work, pull_request_named(pr, work.team.repositories, change.service))
    return await link(work, change, name, by=by.id), name


async def end(work: Work, id: str, state: ChangeState, by: Person) -> tuple[Change, list[Blocker]]:
    """Call it done or dropped; gives also the blockers that are still open for it.

    Raises ``Unknown``, and ``Stale`` where it has ended before.
    """
    ended = (await known(work, id)).end(state, by, work.now)
    await work.save(ended)
    work.record(Entry(f"change.{state}", _subjects(ended), by.id, {"stage": str(ended.stage)}))
    await cards.show_change(work, ended)
    return ended, await work.find(Blocker, state=BlockerState.OPEN, change_id=ended.id)


async def _moved(work: Work, before: Change, after: Change, by: str, because: tuple[Subject, ...]) -> Change:
    if after is before:
        return before
    await work.save(after)
    facts = {"from": str(before.stage), "to": str(after.stage)}
    work.record(Entry("change.moved", (*_subjects(after), *because), by, facts))
    await cards.show_change(work, after)
    context = {"change": after, "before": before.stage, "by": by}
    key = cards.change_key(after.id)
    # One reply a stage and day of its story: what moves to and fro at once stays one line.
    reply = f"{key}:{after.stage}:{work.now:%Y%m%d}"
    work.say(Message(reply, after.channel, "plan/moved", context, thread_of=key))
    return after


def _subjects(change: Change) -> tuple[Subject, ...]:
    return (change.subject, Subject("service", change.service)) if change.service else (change.subject,)


def _came_from(change: Change) -> tuple[Subject, ...]:
    if not change.came_from:
        return ()
    kinds = {"F": "feedback", "I": "idea"}
    return (Subject(kinds.get(change.came_from.partition("-")[0], "concern"), change.came_from),)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
