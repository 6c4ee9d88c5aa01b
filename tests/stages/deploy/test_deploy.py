"""From the request to the confirmation: who is told what, and that nothing starts twice or unasked."""

from dataclasses import replace

import pytest

from bot.core.ledger import Subject
from bot.core.refusals import NotAllowed, Refusal, Stale, Unknown
from bot.core.stages import Stage
from bot.core.team import Rule
from bot.stages.deploy import request
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.slot import Slot
from bot.stages.plan.model.change import Change
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, go_live, not_done, press


async def test_from_the_request_to_the_confirmation():
    world = Harbour()
    await world.add(Change(title="Rounding", created_by=ANA.id, created_at=NOON))
    await go_live(world, "v1.3.9")

    id = await ask(world)

    asked = card(world, id)["deployment"]
    assert asked.state is State.WAITING
    assert world.said[f"deployment:{id}"].to == "#deploys"
    assert (asked.ships.count, asked.ships.since, asked.ships.changes) == (3, "v1.3.9", ("C-1",))
    assert len(world.target.runs) == 1

    await press(world, "approve", id, ANA)
    assert len(world.target.runs) == 1  # the click itself runs nothing
    await world.run_due()

    assert world.target.runs[1] == {
        "service": "web",
        "version": "v1.4.0",
        "environment": "production",
        "sha": world.host.sha("v1.4.0"),
        "deployment": id,
        "artifact": "",
    }
    live = card(world, id)
    assert live["deployment"].state is State.SUCCEEDED
    assert live["back_to"].name == "v1.3.9"
    assert world.said[f"deployment:{id}:run:1"].thread_of == f"deployment:{id}"
    assert world.said[f"deployment:{id}:run:1"].context["lines"] == ["building", "done"]
    assert world.said[f"deployment:{id}/1:ended:#deploys"].template == "deploy/live"
    assert (await world.get(Slot, "web/production")).live.name == "v1.4.0"
    assert (await world.get(Change, "C-1")).stage is Stage.DEPLOY


async def test_the_ledger_links_version_commit_change_and_pull_request():
    world = Harbour()
    await world.add(Change(title="Rounding", created_by=ANA.id, created_at=NOON))
    await go_live(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")

    linked = [entry for entry in world.entries if Subject("deployment", id) in entry.subjects]
    mine = [entry for entry in linked if entry.kind.startswith("deployment.")]

    assert [entry.kind for entry in mine] == [
        "deployment.requested",
        "deployment.approved",
        "deployment.started",
        "deployment.succeeded",
    ]
    assert [entry.by for entry in mine[:2]] == [TOM.id, ANA.id]
    assert mine[1].facts["roles"] == "members"  # by no rule
    for entry in mine:
        assert {
            Subject("version", "web@v1.4.0"),
            Subject("sha", world.host.sha("v1.4.0")),
            Subject("change", "C-1"),
            Subject("service", "web"),
            Subject("environment", "production"),
        } <= set(entry.subjects)
    assert Subject("pr", "org/web#812") in mine[0].subjects


async def test_where_nobody_has_to_approve_it_starts_at_once():
    world = Harbour()

    id = await ask(world, environment="staging")
    await world.run_due()

    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_whoever_asks_does_not_count_and_nobody_counts_twice():
    world = Harbour()
    id = await ask(world, environment="vault")

    with pytest.raises(NotAllowed, match="somebody else"):
        await press(world, "approve", id, TOM)
    await press(world, "approve", id, ANA)
    with pytest.raises(NotAllowed, match="counts once"):
        await press(world, "approve", id, ANA)
    await world.run_due()
    assert world.target.runs == []

    await press(world, "approve", id, LUIS)
    await world.run_due()
    assert len(world.target.runs) == 1
    assert "went live" in await not_done(world, "approve", id, MEI)


async def test_the_policy_is_asked_about_the_environment_of_the_deployment():
    policy = (Rule("policy.1", ("deploy.approve",), ("production",), ("release",)),)
    world = Harbour(team=replace(EVERYONE, policy=policy))
    id = await ask(world, by=ANA)

    with pytest.raises(NotAllowed, match=r"policy\.1: deploy\.approve in production"):
        await press(world, "approve", id, TOM)
    await press(world, "approve", id, LUIS)


async def test_a_refusal_ends_it_and_tells_whoever_asked():
    world = Harbour()
    id = await ask(world)

    await press(world, "refuse", id, ANA)

    assert (await world.deployment(id)).state is State.REFUSED
    assert world.said[f"deployment:{id}:refused:0"].thread_of == f"deployment:{id}"
    assert {job.kind for job in world.jobs.values()} <= {"deploy.ask"}  # those find nothing left to ask
    assert "refused by Ana" in await not_done(world, "approve", id, LUIS)


async def test_a_request_that_nobody_decides_lapses():
    world = Harbour()
    id = await ask(world)

    await world.later(5 * HOUR, request.expire)

    assert (await world.deployment(id)).state is State.EXPIRED
    assert f"deployment:{id}:expired:0" in world.said
    assert "lapsed without a decision 1 h ago" in await not_done(world, "approve", id, ANA)


async def test_the_same_twice_is_refused_while_the_first_is_open():
    world = Harbour()
    id = await ask(world)

    with pytest.raises(Stale, match=f"{id} is the same already"):
        await ask(world, by=LUIS)
    await press(world, "cancel", id, TOM)
    assert await ask(world, by=LUIS) != id


async def test_an_unknown_version_names_the_nearest_and_asks_for_nothing():
    world = Harbour()

    with pytest.raises(Unknown, match=r"no version of web “v1\.5”\. Did you mean v1\.3\.9"):
        await ask(world, "v1.5")
    world.host.down = "GitHub did not answer within 15 s"
    with pytest.raises(Refusal, match=r"look up web v1\.4\.0: GitHub did not answer within 15 s\. Nothing"):
        await ask(world)
    assert await world.find(Deployment) == []


async def test_a_range_that_cannot_be_read_is_said_and_not_invented():
    world = Harbour()
    await go_live(world, "v1.3.9")
    world.host.too_long = True

    id = await ask(world)

    assert card(world, id)["deployment"].ships.count is None
    assert card(world, id)["deployment"].ships.since == "v1.3.9"


async def test_where_nothing_is_live_the_tag_before_counts():
    world = Harbour()

    ships = card(world, await ask(world, "v1.4.0"))["deployment"].ships

    assert (ships.since, ships.count, ships.since_is_live) == ("v1.3.9", 3, False)
    assert ships.changes == ()  # C-1 is named, but there is no such change
    assert card(world, await ask(world, "v1.3.9"))["deployment"].ships.count is None


async def test_an_older_version_says_what_it_takes_back():
    world = Harbour()
    await go_live(world, "v1.4.0")

    ships = card(world, await ask(world, "v1.3.9"))["deployment"].ships

    assert (ships.goes_back, ships.count) == (True, 3)


async def test_a_service_that_nothing_deploys_is_refused():
    world = Harbour()

    with pytest.raises(Refusal, match="Nothing says how payments is deployed"):
        await world.use(command, by=TOM, service="payments", version="v1.4.0", environment="staging")
