"""Seven ways in which approvals in chat have lied elsewhere, each by the report that told of it, tried on ours."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bot.core.approvals import Decision
from bot.core.ledger import Subject
from bot.core.refusals import NotAllowed, Refusal
from bot.slack.rendering.render import Rendering
from bot.stages.deploy import ask_approvers, request
from bot.stages.deploy.model.deployment import Deployment, State
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.stages.deploy.deploying import HOUR, Harbour, ask, card, go_live, not_done, press
from tests.stages.deploy.test_deploy_races import CROWD, ScriptedTarget, tools_on

RENDER = Rendering()


def buttons(template: str, context: Mapping[str, Any]) -> set[str]:
    """Actions of the buttons that a message has."""
    blocks = RENDER(template, context).blocks
    return {
        one["action_id"].partition("#")[0]
        for block in blocks
        for one in block.get("elements", ())
        if "action_id" in one
    }


def shown(world: Harbour, id: str) -> set[str]:
    return buttons("deploy/card", card(world, id))


async def test_clawpatrol_595_what_is_decided_elsewhere_is_decided_on_every_surface():
    """It was approved on the dashboard, and Slack went on asking."""
    world = Harbour()
    id = await ask(world, environment="vault")
    asked = [key for key in world.said if key.startswith(f"deployment:{id}:ask:")]
    assert asked
    assert all("deploy.approve" in buttons("deploy/asked", world.said[key].context) for key in asked)

    await press(world, "refuse", id, MEI)

    for key in asked:
        assert world.said[key].context["deployment"].state is State.REFUSED
        assert buttons("deploy/asked", world.said[key].context) == set()
    assert "deploy.approve" not in shown(world, id)


async def test_sony_stamp_19_a_click_on_what_has_lapsed_or_was_decided_says_so_and_redraws_the_card():
    """The message in Slack stayed as it was, whatever became of the request."""
    world = Harbour()
    id = await ask(world)
    await world.later(5 * HOUR, request.expire, ask_approvers.ask_in_the_morning)
    drawn = len([one for one in world.log if one.key == f"deployment:{id}"])

    why = await not_done(world, "approve", id, ANA)

    assert "lapsed without a decision 1 h ago" in why
    assert len([one for one in world.log if one.key == f"deployment:{id}"]) == drawn + 1
    assert card(world, id)["deployment"].state is State.EXPIRED


async def test_openclaw_48567_every_vote_is_of_whoever_clicked_however_many_click_at_once(database: Any):
    """Two clicks at once, and the wrong person stood beside the decision."""
    tools = tools_on(database, ScriptedTarget())
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "vault", TOM))

    async def click(person: Any) -> Any:
        return await tools.unit.run(lambda work: request.decide(work, asked.id, Decision.APPROVE, person))

    await asyncio.gather(*(click(person) for person in CROWD), return_exceptions=True)

    async with tools.unit() as work:
        now = await work.get(Deployment, asked.id)
        told = await work.history(Subject("deployment", asked.id))
    assert now is not None
    votes = [(vote.by, vote.name) for vote in now.approval.votes]
    assert len(votes) == len(set(votes)) == 2
    assert set(votes) <= {(person.id, person.name) for person in CROWD}
    assert [one.entry.by for one in told if one.entry.kind == "deployment.approved"] == [by for by, _ in votes]


async def test_valet_51_nothing_can_be_decided_while_it_runs():
    """The buttons could still be clicked during the run."""
    world = Harbour()
    id = await ask(world)
    await press(world, "approve", id, ANA)
    seen: list[set[str]] = []

    async def meanwhile() -> None:
        seen.append(shown(world, id))
        assert "has been running" in await not_done(world, "approve", id, LUIS)
        assert "has been running" in await not_done(world, "refuse", id, LUIS)

    world.target.meanwhile = meanwhile
    await world.run_due()

    assert len(seen) == 1
    assert not seen[0] & {"deploy.approve", "deploy.refuse", "deploy.retry"}
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_vercel_eve_2471_one_approval_decides_about_one_request(database: Any):
    """Of several requests in one thread, approving the later one denied the earlier one."""
    tools = tools_on(database, ScriptedTarget())
    ids = [
        (await tools.unit.run(lambda work, n=n: request.request(work, "web", f"v{n}", "production", TOM))).id
        for n in range(4)
    ]

    async def click(id: str, decision: Decision) -> Any:
        return await tools.unit.run(lambda work: request.decide(work, id, decision, ANA))

    await asyncio.gather(
        click(ids[3], Decision.APPROVE), click(ids[1], Decision.REFUSE), click(ids[2], Decision.APPROVE)
    )

    async with tools.unit() as work:
        states = [(await work.get(Deployment, id)).state for id in ids]
    assert states == [State.WAITING, State.REFUSED, State.QUEUED, State.QUEUED]


async def test_hermes_agent_100408_the_first_click_after_a_restart_counts_and_nobody_is_left_without_an_answer(
    database: Any,
):
    """After a restart the first click was eaten, and whoever was not allowed to got no reply."""
    before = tools_on(database, ScriptedTarget())
    asked = await before.unit.run(lambda work: request.request(work, "web", "v1", "production", TOM))
    after = tools_on(database, ScriptedTarget())  # nothing of the first process is left but the database

    with pytest.raises(NotAllowed) as told:
        await after.unit.run(lambda work: request.decide(work, asked.id, Decision.APPROVE, TOM))
    assert told.value.sentence
    decided = await after.unit.run(lambda work: request.decide(work, asked.id, Decision.APPROVE, ANA))
    assert decided.state is State.QUEUED


async def test_activepieces_11665_after_the_decision_who_and_what_stand_where_the_buttons_were():
    """Buttons opened a browser tab with JSON, and could be clicked again afterwards."""
    world = Harbour()
    id = await ask(world, environment="vault")
    assert {"deploy.approve", "deploy.refuse"} <= shown(world, id)
    first = RENDER("deploy/card", card(world, id))
    assert not [one for block in first.blocks for one in block.get("elements", ()) if one.get("url")]

    answers = [await press(world, "approve", id, person) for person in (ANA, LUIS)]

    assert [answer.template for answer in answers] == ["deploy/done", "deploy/done"]
    assert not shown(world, id) & {"deploy.approve", "deploy.refuse"}
    text = Rendering(names={ANA.id: "Ana", LUIS.id: "Luis"}.get)("deploy/card", card(world, id)).text
    assert "approved by Ana and Luis" in text


async def test_the_same_click_delivered_twice_counts_once_and_every_refusal_is_a_sentence():
    world = Harbour()
    live = await go_live(world, "v1.3.9")
    id = await ask(world, environment="vault")
    await press(world, "approve", id, ANA)
    with pytest.raises(Refusal, match="one person counts once"):
        await press(world, "approve", id, ANA)
    for verb in ("approve", "refuse", "cancel", "retry"):
        assert await not_done(world, verb, live, LUIS)
    assert command.verbs["approve"].prepare
