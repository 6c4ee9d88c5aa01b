"""What a view shows to somebody is what the verbs that show the same would."""

from dataclasses import replace

import pytest

from bot.core.command import Answer
from bot.core.ledger import Entry
from bot.core.refusals import NotAllowed
from bot.core.stages import Stage
from bot.core.team import Rule, Service
from bot.slack.rendering.render import Rendering
from bot.stages.code.model.blocker import Blocker
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flow import home, visible
from bot.stages.flow.home import HomeView
from bot.stages.monitor.model.alert_group import Alert, AlertGroup
from bot.stages.plan.model.change import Change
from bot.stages.standup.model.round import Round
from bot.team.environments.model.lock import Lock
from commands.flow import command as flow
from commands.loose_ends import command as loose_ends
from commands.where import command as where
from tests.fakes import ANA, GUS, NOON, TEAM, TOM, World

RENDER = Rendering()
PRODUCTION = TEAM.environments["production"]


async def world(*rules: Rule) -> World:
    """A lock, a blocker, a deployment that waits, an alert and a stand-up, under these rules; Gus owns payments."""
    services = {**TEAM.services, "payments": Service("payments", owners=(GUS.id,))}
    it = World(team=replace(TEAM, policy=rules, services=services))
    await it.add(Lock.place("production", TOM, NOON, service="web", reason="the secret sale"))
    await it.add(Blocker.air("no access", TOM.id, NOON, unblocker_id=GUS.id))
    await it.add(Deployment.ask("web", "v1.4.0", PRODUCTION, TOM, NOON))
    await it.add(Change.plan("Secret feature", TOM, NOON, service="web"))
    fires = (Alert("f", {"alertname": "Down"}, {}, NOON),)
    await it.add(AlertGroup("test", "g", NOON, fires, "payments", "production"))
    asked = Round(
        channel="#x",
        day=NOON.date(),
        people=(GUS.id,),
        opened_by=TOM.id,
        opened_at=NOON,
        closes_at=NOON.replace(hour=15),
    )
    await it.add(asked)
    return it


async def view(it: World, person=GUS) -> HomeView:  # type: ignore[no-untyped-def]
    async with it.unit() as work:
        return await home.view(work, person)


def shown(it: HomeView) -> str:
    """All that the tab says and has, as it is sent."""
    rendered = RENDER("home/tab", {"view": it})
    return f"{rendered.text} {rendered.blocks}"


async def test_a_guest_sees_on_home_what_waits_for_them_and_nothing_else() -> None:
    seen = await view(await world())

    assert {one.action for one in seen.waiting} == {"standup.answer", "code.unblock", "monitor.ack"}
    assert [one.action for one in seen.waiting if one.may] == []
    assert seen.board is None
    assert [end.kind for end in seen.loose_ends] == ["blocker"]  # which they are asked about
    said = shown(seen)
    assert "no access" in said
    assert "button" not in said
    for secret in ("secret sale", "production", "The flow", "/flow", "/plan"):
        assert secret not in said


async def test_a_button_is_drawn_where_the_policy_lets_them_press_it() -> None:
    rules = (
        Rule("policy.1", ("standup.answer",), (), ("guests",)),
        Rule("policy.2", ("monitor.ack",), ("production",), ("owners",)),
    )
    seen = await view(await world(*rules))

    assert {one.action for one in seen.waiting if one.may} == {"standup.answer", "monitor.ack"}
    assert "code.unblock" not in shown(seen)


async def test_a_member_sees_as_before() -> None:
    seen = await view(await world(), ANA)

    assert seen.board is not None
    assert [column.stage for column in seen.board.columns] == list(Stage)
    assert {end.kind for end in seen.loose_ends} == {"lock", "blocker", "deployment"}
    assert all(one.may for one in seen.waiting)


NO_DEPLOYS = Rule("policy.1", ("deploy.status",), (), ("admins",))


async def test_a_stage_that_somebody_may_not_look_into_is_on_no_view() -> None:
    it = await world(NO_DEPLOYS, Rule("policy.2", ("monitor.*", "monitor"), (), ("owners",)))
    seen = await view(it, ANA)
    assert seen.board is not None
    assert {Stage.DEPLOY, Stage.MONITOR}.isdisjoint(column.stage for column in seen.board.columns)
    assert {end.kind for end in seen.loose_ends} == {"blocker"}

    answers = [await it.use(flow, by=ANA), await it.use(loose_ends, by=ANA)]
    for answer in answers:
        said = str(_rendered(answer))
        assert "secret sale" not in said
        assert "v1.4.0" not in said
    assert "secret sale" in str(_rendered(await it.use(loose_ends, by=TOM)))  # it is his


async def test_a_passport_leaves_out_the_stages_that_are_not_for_the_caller() -> None:
    it = await world(Rule("policy.1", ("plan.list",), (), ("owners",)))
    async with it.unit() as work:
        change = await work.get(Change, "C-1")
        assert change is not None
        work.record(Entry("change.planned", (change.subject,), TOM.id, {}))
    assert "planned" in str(_rendered(await it.use(where, by=ANA, thing="C-1")))  # she owns web
    said = str(_rendered(await it.use(where, by=TOM, thing="C-1")))
    assert "planned" not in said
    assert "not for you to see" in said
    with pytest.raises(NotAllowed):
        await it.use(where, by=GUS, thing="C-1")


async def test_every_kind_of_loose_end_has_a_verb_that_shows_it() -> None:
    it = await world()
    async with it.unit() as work:
        for end in await home.loose_ends(work):
            assert visible.ends_for(home.Policy(TEAM), ANA, [end]) == [end]


def _rendered(answer: Answer) -> object:
    assert answer is not None
    return RENDER(answer.template, answer.context).blocks  # type: ignore[union-attr]
