"""A world in which releases are drafted for three audiences."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.messages import Message
from bot.stages.flags.model.flag import Flag, Place, Serving
from bot.stages.flags.places import known as known_flag
from bot.stages.flags.places import put
from bot.stages.release import draft_and_approve
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release
from bot.stages.release.model.rules import Activity, Audience, ReleaseRules, Releasing
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.stages.deploy.deploying import EVERYONE, Harbour, press

AUDIENCES = {
    "devs": Audience("devs", Voice.ENGINEERS, ("#releases",)),
    "support": Audience("support", Voice.OPERATORS, ("#support", "#ops")),
    "customers": Audience("customers", Voice.CUSTOMERS, ("#news",)),
}
STRICT = ReleaseRules(
    1,
    (
        Activity("Support knows"),
        Activity("Load test", is_required=False),
        Activity("Tell the partners", is_before=False, is_required=False),
    ),
)
# Readers are in production, the last environment.
PLAIN = replace(EVERYONE, environments={name: EVERYONE.environments[name] for name in ("staging", "production")})
THREE = PLAIN.with_parts(Releasing(audiences=AUDIENCES))
CAREFUL = PLAIN.with_parts(Releasing(ReleaseRules(), {"web": STRICT}, AUDIENCES))

STEP = "feat(checkout): one step (#809)"
SAID = "Checkout takes one step instead of three."


def told(world: Harbour, key: str) -> list[str]:
    """The lines of the notes under this key, those that are struck between tildes."""
    notes = world.said[key].context["notes"]
    return [f"~{line.text}~" if line.is_struck else line.text for line in notes.lines]


def notes_key(id: str, voice: str, channel: str) -> str:
    return f"release:{id}:notes:{voice}:{channel}"


async def draft(world: Harbour, since: str = "v1.3.9", until: str = "v1.4.0", by=TOM) -> str:
    """The id of a drafted release."""
    answer = await world.use(command, "draft", by=by, service="web", since=since, until=until)
    await world.later(timedelta(minutes=5), draft_and_approve.read_and_draft)
    return answer.context["release"].id


async def published(world: Harbour, **more: Any) -> str:
    """The id of a release that everybody has read."""
    id = await draft(world, **more)
    await world.use(command, "publish", by=ANA, release=id)
    return id


async def roll_back(world: Harbour, id: str) -> None:
    await press(world, "rollback", id, LUIS)
    await world.run_due(timedelta(minutes=1))


async def hide(world: Harbour, key: str, **names: Any) -> None:
    """A flag that is off everywhere."""
    await world.add(Flag.make(key, TOM, world.clock.now(), **names))


async def turn(world: Harbour, key: str, to: Serving) -> None:
    """Serve this to readers from now on."""
    async with world.unit() as work:
        await put(work, await known_flag(work, key), "production", Place(to, work.now), by=TOM.id, why="test")


def corrections(world: Harbour, id: str) -> list[Message]:
    """What the threads of a release's notes were told, in order."""
    return [said for said in world.said.values() if said.template == "release/corrected" and f":{id}:" in said.key]


async def as_it_is(world: Harbour, id: str) -> Release:
    return await world.get(Release, id)
