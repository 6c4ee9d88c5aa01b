"""What a passport reads: of the slots, only those of the services whose versions the thing is in."""

from dataclasses import replace
from typing import Any

from bot.core.ledger import Entry, Subject
from bot.core.messages import Lasting
from bot.core.policy import Policy
from bot.core.team import Service
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.slot import Slot
from bot.stages.flow import visible
from bot.stages.flow.board import board
from bot.stages.flow.passport import passport
from bot.stages.plan.model.change import Change
from commands.flow import command as flow
from tests.fakes import ANA, NOON, TEAM, TOM, World


async def asked(it: World, thing: str) -> tuple[str, list[dict[str, Any]]]:
    """The state that the passport tells, and what was asked for of the slots."""
    found: list[dict[str, Any]] = []
    async with it.unit() as work:
        find = work.find

        async def watched(noun: type[Any], **where: Any) -> list[Any]:
            if noun is Slot:
                found.append(where)
            return await find(noun, **where)

        work.find = watched  # type: ignore[method-assign]
        return (await passport(work, thing)).state, found


async def test_a_change_that_is_in_no_version_reads_no_slot() -> None:
    it = World(team=TEAM)
    change = await it.add(Change.plan("Faster search", TOM, NOON, service="web"))
    async with it.unit() as work:
        work.record(Entry("change.planned", (change.subject,), TOM.id))
    assert await asked(it, change.id) == ("in plan", [])


async def test_a_version_reads_the_slots_of_its_own_service_at_once() -> None:
    environments = {**TEAM.environments, "canary": replace(TEAM.environments["staging"], name="canary")}
    services = {name: Service(name) for name in ("web", "payments", "search")}
    it = World(team=replace(TEAM, services=services, environments=environments))
    for name in ("production", "staging", "canary"):
        await it.add(replace(Slot.of("web", name), live=Version("v1.4.0")))
    await it.add(replace(Slot.of("payments", "production"), live=Version("v1.4.0")))
    async with it.unit() as work:
        work.record(
            Entry("release.published", (Subject("version", "web@v1.4.0"), Subject("service", "web")), TOM.id)
        )
    assert await asked(it, "web v1.4.0") == ("live in production", [{"service": ("web",)}])


async def test_who_may_look_into_every_stage_gets_the_board_that_all_others_get() -> None:
    it = World(team=TEAM)
    async with it.unit() as work:
        whole = await board(work)
        assert visible.board_for(Policy(TEAM), ANA, whole) is whole
    answer = await it.use(flow, by=ANA)
    assert isinstance(getattr(answer, "context", None), Lasting)
