"""A world in which releases are drafted for three audiences."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.notes import Voice
from bot.domain.release_rules import Activity, Audience, ReleaseRules, Releasing
from bot.domain.releases import Release
from bot.workflows import release
from commands.release import command
from tests.fakes import ANA, TOM
from tests.workflows.deploying import EVERYONE, Harbour

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
THREE = replace(PLAIN, releasing=Releasing(audiences=AUDIENCES))
CAREFUL = replace(PLAIN, releasing=Releasing(ReleaseRules(), {"web": STRICT}, AUDIENCES))

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
    await world.later(timedelta(minutes=5), release.read_and_draft)
    return answer.context["release"].id


async def published(world: Harbour, **more: Any) -> str:
    """The id of a release that everybody has read."""
    id = await draft(world, **more)
    await world.use(command, "publish", by=ANA, release=id)
    return id


async def as_it_is(world: Harbour, id: str) -> Release:
    return await world.get(Release, id)
