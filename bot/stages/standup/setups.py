"""Stand-ups as people set them up: made, edited, paused, resumed, deleted, run at once; and seeded by the team file."""

from dataclasses import replace
from datetime import datetime

from bot.core.find_or_refuse import every
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale, Unknown
from bot.stages.standup import plan_day, replan
from bot.stages.standup.model.plan_day import prompts_on
from bot.stages.standup.model.round import Prompt, Round, RoundState
from bot.stages.standup.model.seeds import Standups
from bot.stages.standup.model.setup import Setup, Standup, StandupState
from bot.stages.standup.plan_day import Known

THERE = (StandupState.ACTIVE, StandupState.PAUSED)


async def standups(work: Work) -> list[Standup]:
    """Every stand-up that is not deleted, by name."""
    found = await every(work, Standup, state=THERE)
    return sorted(found, key=lambda standup: standup.name.casefold())


async def standup_named(work: Work, text: str) -> Standup:
    """A stand-up by its id or name. Raises ``Unknown`` with those there are."""
    wanted = text.strip().strip("“”\"'").casefold()
    by_id = await work.get(Standup, wanted.upper())
    if by_id is not None:
        return by_id
    there = await standups(work)
    for standup in there:
        if standup.name.casefold() == wanted:
            return await _locked(work, standup)
    raise Unknown("stand-up", text.strip(), tuple(f"{each.id} {each.name}" for each in there), field="standup")


async def make(work: Work, setup: Setup, by: Person) -> Standup:
    """Set a stand-up up; its channel is told. Raises ``Refusal`` where it could not be kept to."""
    await _must_be_free(work, setup.name)
    standup = await work.add(Standup.make(setup, by.id, work.now))
    _changed(work, standup, "made", by)
    return standup


async def edit(work: Work, id: str, setup: Setup, by: Person, seen: int) -> Standup:
    """Change a stand-up of which ``seen`` is the version that somebody had before their eyes.

    Raises ``ChangedMeanwhile``, ``Stale`` where it is deleted, and ``Refusal``.
    """
    before = await standup_named(work, id)
    after = before.edit(setup, by, work.now, seen)
    if after is before:
        return before
    if after.name.casefold() != before.name.casefold():
        await _must_be_free(work, after.name)
    await _save(work, before, after)
    _changed(work, after, "edited", by)
    if after.channel != before.channel:
        _show(work, after, before.channel)
    return after


async def pause(work: Work, standup: Standup, by: Person) -> Standup:
    """It asks nobody until it is resumed. Raises ``Stale``."""
    paused = standup.pause(by, work.now)
    await _save(work, standup, paused)
    _changed(work, paused, "paused", by)
    return paused


async def resume(work: Work, standup: Standup, by: Person) -> Standup:
    """It asks again, from the next day on that lies ahead of all its members. Raises ``Stale``."""
    resumed = standup.resume(by, work.now)
    await _save(work, standup, resumed)
    _changed(work, resumed, "resumed", by)
    return resumed


async def delete(work: Work, standup: Standup, by: Person) -> Standup:
    """It never asks again; what was answered stays. Raises ``Stale``."""
    deleted = standup.delete(by, work.now)
    await _save(work, standup, deleted)
    await replan.end(work, deleted, by)
    _changed(work, deleted, "deleted", by)
    return deleted


async def run(work: Work, there: Known, by: Person) -> Round:
    """Ask everybody who is there today, now. Raises ``Stale`` where a round is open, ``Refusal`` for nobody."""
    standup = await standup_named(work, there.standup.id)
    if standup.state is StandupState.DELETED:
        raise Stale(f"“{standup.name}” was deleted. “/standup new” sets up another one.")
    for running in await work.find(Round, standup_id=standup.id, state=RoundState.OPEN, limit=1):
        raise Stale(
            f"Round {running.id} of “{standup.name}” is open already. Answer with “/standup answer {running.id}”, "
            f"or end it with “/standup close {running.id}”."
        )
    day = work.now.astimezone(by.tz).date()
    planned, absent = prompts_on(standup.setup, day, there.members)
    if not planned:
        raise Refusal(f"Nobody of “{standup.name}” is there today, so nobody would be asked.")
    prompts = [_at_once(prompt, work.now) for prompt in planned]
    round = replace(Round.planned(standup, day, prompts, absent, work.now), occasion="", opened_by=by.id)
    round = await work.add(round)
    facts = {"asked": len(round.people), "closes_at": round.closes_at.isoformat()}
    subjects = (round.subject, standup.subject, Subject("channel", round.channel))
    work.record(Entry("round.opened", subjects, by.id, facts))
    plan_day.owe_round(work, standup, round, prompts)
    return round


async def seed(work: Work) -> list[Standup]:
    """Make the stand-ups of the team file that are not there yet; change those that nobody edited in Slack.

    One that was deleted in Slack stays deleted. Gives those that were made or changed.
    """
    done: list[Standup] = []
    for name, setup in work.team.part(Standups).setups.items():
        known = await work.find(Standup, seeded_as=name, limit=1)
        if not known:
            made = await work.add(Standup.make(setup, "", work.now, seeded_as=name))
            _changed(work, made, "made", None)
            done.append(made)
            continue
        before = known[0]
        if before.edited_in_slack or before.state is StandupState.DELETED:
            continue
        after = before.edit(setup, None, work.now)
        if after is not before:
            await _save(work, before, after)
            _changed(work, after, "edited", None)
            done.append(after)
    return done


def _at_once(prompt: Prompt, now: datetime) -> Prompt:
    return replace(prompt, at=now, until=now + (prompt.until - prompt.at))


async def _must_be_free(work: Work, name: str) -> None:
    wanted = " ".join(name.split()).casefold()
    for other in await standups(work):
        if other.name.casefold() == wanted:
            raise Refusal(
                f"{other.id} in {other.channel} is called “{other.name}” already. Choose another name.",
                field="name",
            )


async def _save(work: Work, before: Standup, after: Standup) -> None:
    if before.plan_job and before.plan_job != after.plan_job:
        work.forgive(before.plan_job)
    await work.save(after)


async def _locked(work: Work, standup: Standup) -> Standup:
    return await work.get(Standup, standup.id) or standup


def _changed(work: Work, standup: Standup, what: str, by: Person | None) -> None:
    facts = {"version": standup.version, "changed": ", ".join(standup.changed)}
    subjects = (standup.subject, Subject("channel", standup.channel))
    work.record(Entry(f"standup.{what}", subjects, by.id if by else "", facts))
    _show(work, standup, standup.channel)
    if what != "deleted":
        replan.follow(work, standup)


def _show(work: Work, standup: Standup, channel: str) -> None:
    """Make true what a channel was told of a stand-up; also the one that it left for another."""
    context = {"standup": standup, "has_moved": channel != standup.channel}
    work.say(Message(f"standup:{standup.id}:{channel}", channel, "standup/card", context))
