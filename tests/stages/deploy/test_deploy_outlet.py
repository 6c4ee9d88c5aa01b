"""What went live is told to others as well: once it is, until they have it, and never in anybody's way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.refusals import Refusal
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy import announce
from bot.stages.deploy.model.announcement_port import LiveAs, Outlet, Told
from tests.fakes import MEI
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, go_live, press


class Listener:
    """Remembers what it was told; ``down`` is why it was not reached."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.down = ""

    async def tell(self, told: Told) -> None:
        if self.down:
            raise HostUnreachable(self.down)
        self.told.append(told)


def harbour() -> Any:
    world: Any = Harbour(team=replace(EVERYONE, cdevents="https://events.example.com"))
    world.listener = Listener()
    world.tools = world.tools.with_ports({Outlet: world.listener})
    return world


async def test_what_goes_live_is_told_as_what_it_is():
    world = harbour()
    await go_live(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")
    await press(world, "rollback", id, MEI)
    await world.run_due()
    await world.later(HOUR, announce.tell)

    told = [(one.kind, one.id, one.version) for one in world.listener.told]
    assert told == [
        (LiveAs.DEPLOYED, "D-1/1", "v1.3.9"),
        (LiveAs.UPGRADED, "D-2/1", "v1.4.0"),
        (LiveAs.ROLLED_BACK, "D-3/1", "v1.3.9"),
    ]
    assert {one.repository.github for one in world.listener.told} == {"org/web"}


async def test_who_is_away_is_told_later_and_for_a_day():
    world = harbour()
    world.listener.down = "nobody there"
    await go_live(world, "v1.3.9")
    await world.later(HOUR, announce.tell)
    world.listener.down = ""
    await world.later(HOUR, announce.tell)
    assert [one.id for one in world.listener.told] == ["D-1/1"]

    world.listener.down = "nobody there"
    await go_live(world, "v1.4.0")
    with pytest.raises(Refusal, match=r"v1\.4\.0 to production could not be told .* for a day: nobody there"):
        await world.later(timedelta(days=2), announce.tell)


async def test_what_failed_and_a_team_without_listeners_tell_nobody():
    world = harbour()
    world.target.ends = replace(world.target.ends, code=3)
    await ask(world, environment="staging")
    await world.run_due()
    quiet = Harbour()
    await go_live(quiet, "v1.3.9")

    assert not [key for one in (world, quiet) for key in one.jobs if key.startswith("cdevents")]
