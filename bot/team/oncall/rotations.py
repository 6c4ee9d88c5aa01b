"""Who is on call: rotations as they are set up, covers and swaps, and what happens when it is handed over."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import group_powers
from bot.core.find_or_refuse import every
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.ledger import Entry, Fact, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal, Unknown
from bot.core.stages import Stage
from bot.stages.flow import handover_brief
from bot.stages.standup.model.setup import Standup
from bot.team.oncall.model.rotation import Cover, CoverState, Rota, Rotation
from bot.team.oncall.model.rotations import Rotations


async def seed(work: Work) -> None:
    """Have the rotations of the team file as it says, and a hand-over owed for every rotation there is."""
    for name, rota in work.team.part(Rotations).rotas.items():
        known = await work.get(Rotation, name)
        if known is None:
            await work.add(Rotation(id=name, rota=rota, from_file=True))
        elif known.rota != rota or not known.from_file:
            await work.save(Rotation(id=name, rota=rota, from_file=True, on_call=known.on_call, since=known.since))
    for rotation in await rotations(work):
        if rotation.from_file and rotation.id not in work.team.part(Rotations).rotas:
            await work.erase(rotation)
            continue
        if not await _settle(work, await _without_group(work, rotation), is_due=True):
            await _look_into_group(work, rotation)


async def rotations(work: Work) -> list[Rotation]:
    """Every rotation, by name."""
    return sorted(await every(work, Rotation), key=lambda one: one.id)


async def known(work: Work, name: str) -> Rotation:
    """The rotation of this name. Raises ``Unknown``."""
    found = await work.get(Rotation, name.strip())
    if found is None:
        raise Unknown("rotation", name, tuple(one.id for one in await rotations(work)), field="rotation")
    return found


async def covers_of(work: Work, rotation: str) -> list[Cover]:
    """Covers that are agreed to and not over."""
    agreed = await every(work, Cover, rotation=rotation, state=CoverState.AGREED)
    return sorted((one for one in agreed if one.ends > work.now), key=lambda one: one.begins)


async def on_call(work: Work, name: str) -> str:
    """Who is on call now in this rotation. Raises ``Unknown``."""
    rotation = await known(work, name)
    return rotation.who_at(work.now, await covers_of(work, rotation.id))


async def rotation_for(work: Work, service: str | None) -> Rotation | None:
    """The rotation that is on call for a service: one that names it before one that is for all of them."""
    every = await rotations(work)
    named = [one for one in every if service and service in one.rota.services]
    general = [one for one in every if not one.rota.services]
    return next(iter((*named, *general)), None)


async def set_up(work: Work, name: str, rota: Rota, by: Person) -> Rotation:
    """Make a rotation, or change one that was made here. Raises ``Refusal``.

    It keeps no user group: whoever is in a group may have a role by it, so only the team file names one.
    """
    rota = replace(rota, user_group="")
    there = await work.get(Rotation, name)
    if there is not None and there.from_file:
        raise Refusal(f"{name} is set up by the team file. An admin changes it there.", field="name")
    if there is None:
        rotation = await work.add(Rotation(id=name, rota=rota))
    else:
        rotation = Rotation(id=there.id, rota=rota, on_call=there.on_call, since=there.since)
        await work.save(rotation)
    record(work, rotation, "set_up", by.id, people=len(rota.people))
    await _settle(work, rotation)
    return rotation


async def remove(work: Work, name: str, by: Person) -> Rotation:
    """Have a rotation no longer. Raises ``Refusal``."""
    rotation = await known(work, name)
    if rotation.from_file:
        raise Refusal(f"{name} is set up by the team file. An admin takes it out there.", field="rotation")
    record(work, rotation, "removed", by.id)
    await work.erase(rotation)
    return rotation


async def cover(
    work: Work, name: str, who: Person, by: Person, ends: datetime, begins: datetime | None = None
) -> Cover:
    """Put somebody on call in another's place for a while; they are told. Raises ``Refusal``."""
    rotation = await known(work, name)
    _must_be_there(who)
    await _must_move(work, rotation, by, "monitor.cover")
    arranged = Cover.arrange(rotation.id, who, begins or work.now, ends, by.id, work.now, asks=False)
    added = await work.add(arranged)
    record(work, rotation, "covered", by.id, (Subject("person", who.id),), cover=added.id)
    if who.id != by.id:
        work.say(Message(f"cover:{added.id}", who.id, "monitor/cover", {"cover": added}))
    await _settle(work, rotation)
    return added


async def swap(
    work: Work,
    name: str,
    who: Person,
    by: Person,
    begins: datetime | None = None,
    ends: datetime | None = None,
) -> Cover:
    """Ask somebody to take over one's next turn, or a part of it; it counts once they agree. Raises ``Refusal``."""
    rotation = await known(work, name)
    _must_be_there(who)
    if who.id == by.id:
        raise Refusal("You are to be relieved, so ask somebody else.", field="person")
    await _must_move(work, rotation, by, "monitor.swap")
    turn = rotation.rota.next_turn_of(by.id, work.now)
    if turn is None and not ends:
        raise Refusal(
            f"You take no turns in {rotation.id}. Say from when until when, or use “/monitor cover”.", field="end"
        )
    first = begins or (max(turn.begins, work.now) if turn else work.now)
    last = ends or (turn.ends if turn else work.now)
    asked = await work.add(Cover.arrange(rotation.id, who, first, last, by.id, work.now, asks=True))
    record(work, rotation, "swap_asked", by.id, (Subject("person", who.id),), cover=asked.id)
    _show(work, asked)
    return asked


async def answer(work: Work, cover_id: str, by: Person, *, agrees: bool) -> Cover:
    """What whoever was asked says; whoever asked is told. Raises ``Refusal``."""
    asked = await _cover(work, cover_id)
    answered = asked.answer(by.id, work.now, agrees=agrees)
    await work.save(answered)
    rotation = await known(work, answered.rotation)
    record(work, rotation, "swapped" if agrees else "swap_declined", by.id, cover=answered.id)
    _show(work, answered)
    work.say(Message(f"cover:{answered.id}:answer", answered.asked_by, "monitor/swap_answer", {"cover": answered}))
    await _settle(work, rotation)
    return answered


async def take_back(work: Work, cover_id: str, by: Person) -> Cover:
    """A cover that is not to be, or ends now. Raises ``Refusal``."""
    there = await _cover(work, cover_id)
    if by.id not in {there.by, there.asked_by} and not by.is_admin:
        raise Refusal(f"{there.id} is for {there.by_name} or whoever arranged it to take back, or for an admin.")
    after = there.take_back(work.now)
    await work.save(after)
    rotation = await known(work, after.rotation)
    record(work, rotation, "cover_taken_back", by.id, cover=after.id)
    if there.state is CoverState.ASKED:
        _show(work, after)
    await _settle(work, rotation)
    return after


@due("oncall.turn", urgent=True)
async def turn(work: Work, it: Due) -> Outcome:
    """Hand over where somebody else is on call from now on, and owe the next look."""
    rotation = await work.get(Rotation, it.job.args["rotation"])
    if rotation is None:
        return Outcome.NOOP
    return Outcome.DONE if await _settle(work, rotation, is_due=True) else Outcome.NOOP


def channel_of(work: Work, rotation: Rotation) -> str:
    """Where its hand-overs are told."""
    return rotation.rota.channel or work.team.channel_for(Stage.MONITOR)


def record(
    work: Work, rotation: Rotation, what: str, by: str = "", also: tuple[Subject, ...] = (), **facts: Fact
) -> None:
    """A ledger entry ``rotation.<what>``."""
    work.record(Entry(f"rotation.{what}", (Subject("rotation", rotation.id), *also), by, facts))


async def _settle(work: Work, rotation: Rotation, *, is_due: bool = False) -> bool:
    """Hand over if somebody else is on call than was; owe the look at the next change. Says whether it did.

    ``is_due``: a turn or a cover has begun or ended, and nobody has just arranged it; so it may be late.
    """
    covers = await covers_of(work, rotation.id)
    who = rotation.who_at(work.now, covers)
    next_at = rotation.changes_after(work.now, covers)
    key = f"oncall.turn:{rotation.id}:{next_at:%Y%m%dT%H%M%S}"
    work.owe(Job("oncall.turn", key, next_at, {"rotation": rotation.id}))
    if who == rotation.on_call:
        return False
    before = rotation.on_call
    rotation = rotation.handed(who, work.now)
    await work.save(rotation)
    record(work, rotation, "handed_over", also=(Subject("person", who),), before=before)
    _put_in_group(work, rotation)
    if before:  # the first time ever there is nobody who hands over
        late_by = work.now - rotation.changed_before(work.now, covers) if is_due else timedelta()
        await handover_brief.tell(work, rotation, channel_of(work, rotation), before, next_at, late_by)
    return True


def _put_in_group(work: Work, rotation: Rotation) -> None:
    group = group_of(work, rotation)
    if group:
        key = f"oncall.group:{group}:{work.now:%Y%m%dT%H%M%S%f}"
        work.owe(Job("oncall.group", key, work.now, {"group": group, "rotation": rotation.id}))


async def _look_into_group(work: Work, rotation: Rotation) -> None:
    """Have the group hold whom it may, where a cover holds: it may have begun when the group gave nothing yet."""
    group = group_of(work, rotation)
    if not group or not any(one.holds(work.now) for one in await covers_of(work, rotation.id)):
        return
    if await what_names(work, group):
        _put_in_group(work, rotation)


def group_of(work: Work, rotation: Rotation) -> str:
    """The user group that the team file, and nobody else, has it keep; "" for none."""
    rota = work.team.part(Rotations).rotas.get(rotation.id)
    return rota.user_group if rota and rotation.from_file else ""


async def what_names(work: Work, group: str) -> tuple[str, ...]:
    """What the members of a user group get something from, by the team file and by stand-ups set up in Slack."""
    standups = [one.setup.name for one in await work.find(Standup) if group in one.setup.groups]
    return group_powers.named_by(work.team, group, standups)


async def _must_move(work: Work, rotation: Rotation, by: Person, verb: str) -> None:
    """Nothing, where they may put others on call. Raises ``NotAllowed`` where that is more than being on call."""
    group = group_of(work, rotation)
    if group and (names := await what_names(work, group)):
        group_powers.must_change(work.team, by, rotation.rota.services, verb, group, " and ".join(names))


async def _without_group(work: Work, rotation: Rotation) -> Rotation:
    """Itself without a user group that somebody chose in a form once; its channel hears of it."""
    group = rotation.rota.user_group
    if rotation.from_file or not group:
        return rotation
    bare = replace(rotation, rota=replace(rotation.rota, user_group=""))
    await work.save(bare)
    record(work, bare, "group_dropped", group=group)
    key = f"oncall.group:{group}:dropped:{bare.id}"
    work.say(Message(key, channel_of(work, bare), "monitor/group_dropped", {"rotation": bare, "group": group}))
    return bare


async def _cover(work: Work, id: str) -> Cover:
    found = await work.get(Cover, id)
    if found is None:
        newest = await work.find(Cover, limit=3)
        raise Unknown("cover", id, tuple(one.id for one in newest), field="cover")
    return found


def _show(work: Work, asked: Cover) -> None:
    work.say(Message(f"cover:{asked.id}", asked.by, "monitor/swap", {"cover": asked}))


def _must_be_there(who: Person) -> None:
    if not who.is_member:
        raise Refusal(f"{who.name} is no full member here, so they cannot be on call. Name one.", field="person")
