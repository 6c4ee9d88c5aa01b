"""Who hears of a deployment: authors, whoever filed feedback, whoever is next; and which alerts stand on its card."""

from dataclasses import replace
from datetime import timedelta

from bot.core.events import AlertFired, PullRequestState
from bot.core.ledger import Subject
from bot.stages.code.model.ports import Commit
from bot.stages.code.model.pull_request import PullRequest
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.changes_shipped import Ships, login_of
from bot.stages.deploy.model.deployment import State
from bot.stages.manage.model.feedback import Feedback
from bot.stages.monitor import alerts
from bot.stages.plan.model.change import Change
from bot.team.oncall.model.rotation import Rota, Rotation
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.deploy.deploying import EVERYONE, Harbour, ask, card, go_live, press

MINUTE = timedelta(minutes=1)


async def with_things() -> Harbour:
    environments = {name: one for name, one in EVERYONE.environments.items() if name != "vault"}
    world = Harbour(team=replace(EVERYONE, environments=environments))
    await world.add(
        replace(Change(title="Rounding", created_by=ANA.id, created_at=NOON), owner_id=MEI.id, came_from="F-1")
    )
    await world.add(Feedback.file("prices are off", LUIS, NOON, service="web").become("C-1", TOM, NOON))
    await world.add(
        PullRequest(
            "org/web#809", "org/web", 809, "web", PullRequestState.MERGED, "One step", "x", "a" * 40, "ana-dev",
            ANA.id, NOON, NOON,
        )
    )  # fmt: skip
    await go_live(world, "v1.3.9")
    return world


def told(world: Harbour, id: str) -> dict[str, list[str]]:
    return {
        one.to: list(one.context.get("things", [one.context.get("remark")]))
        for key, one in world.said.items()
        if key.startswith(f"deployment:{id}/1:") and one.template in ("deploy/yours", "deploy/answered")
    }


async def test_each_author_and_whoever_filed_the_feedback_hears_that_it_is_live():
    world = await with_things()
    id = await go_live(world, "v1.4.0")

    heard = told(world, id)
    assert heard[MEI.id] == ["C-1 Rounding"]
    assert heard[ANA.id] == ["#809 One step"]
    assert heard[LUIS.id][0].id == "F-1"
    assert TOM.id not in heard  # he asked for it, and has seen it

    back = (await press(world, "rollback", id, LUIS)).context["deployment"].id
    await world.run_due()
    assert set(told(world, back)) == {MEI.id, ANA.id, LUIS.id}


async def test_nobody_is_told_of_staging_and_whoever_muted_it_of_nothing():
    world = await with_things()
    first = await ask(world, environment="staging")
    await world.run_due()
    assert told(world, first) == {}

    await world.use(command, "mute", by=MEI)
    await world.use(command, "mute", by=LUIS)
    assert set(told(world, await go_live(world, "v1.4.0"))) == {ANA.id}
    await world.use(command, "unmute", by=MEI)
    await go_live(world, "v1.3.9")
    assert set(told(world, await go_live(world, "v1.4.0"))) == {ANA.id, MEI.id}


async def test_whoever_comes_next_is_told_once_and_again_when_it_runs():
    world = Harbour()
    await ask(world, "v1.3.9", "staging")
    second = await ask(world, "v1.4.0", "staging", by=ANA)
    third = await ask(world, "v1.4.1", "staging", by=MEI)
    assert f"deployment:{second}:next" not in world.said
    seen: list[tuple[str | None, bool]] = []

    async def look() -> None:
        said = world.said.get(f"deployment:{second}:next")
        seen.append((said.to if said else None, f"deployment:{third}:next" in world.said))

    world.target.meanwhile = look
    await world.run_due()

    assert seen == [(ANA.id, False), (ANA.id, True), (ANA.id, True)]
    assert world.said[f"deployment:{third}:next"].context["ahead"] is None


async def test_the_queue_is_shown_with_positions_and_what_holds_it():
    world = Harbour()
    first = await ask(world, "v1.3.9", "staging")
    second = await ask(world, "v1.4.0", "staging")
    await world.use(command, "freeze", by=MEI, environment="staging", end=NOON + 60 * MINUTE, reason="audit")

    answer = await world.use(command, "queue")

    (queue,) = answer.context["queues"]
    assert [(one.deployment.id, one.position) for one in queue.places] == [(first, 0), (second, 1)]
    assert [one.rule for one in queue.places[1].held_by] == ["L-1"]
    empty = await world.use(command, "queue", environment="production")
    assert empty.context["queues"][0].places == ()


def fired(world: Harbour, name: str, **labels: str) -> AlertFired:
    labels = {"alertname": name, "service": "web", "severity": "warning"} | labels
    return AlertFired("alertmanager", name, name, labels, {}, None, world.clock.now())


async def test_alerts_that_begin_while_it_is_watched_stand_on_its_card_and_in_the_ledger():
    world = Harbour()
    id = await go_live(world, "v1.4.0")
    world.clock.move(5 * MINUTE)
    await world.happen(fired(world, "HighErrorRate"), alerts.fired)
    assert [one.name for one in card(world, id)["alerts"]] == ["HighErrorRate"]
    entry = next(entry for entry in world.entries if entry.kind == "deployment.alerted")
    assert {Subject("deployment", id), Subject("alert", "A-1")} <= set(entry.subjects)

    world.clock.move(30 * MINUTE)
    await world.happen(fired(world, "Late"), alerts.fired)
    await world.happen(fired(world, "Elsewhere", service="payments"), alerts.fired)
    assert (await world.deployment(id)).alerts == ("A-1",)


async def test_whoever_is_on_call_stands_on_the_card_and_in_who():
    world = Harbour()
    await world.add(Rotation(id="web", rota=Rota(people=(MEI.id,), services=("web",)), on_call=MEI.id))
    id = await ask(world)
    assert card(world, id)["picture"].on_call == (MEI.id,)

    view = (await world.use(command, "who", environment="production")).context["view"]
    assert {one.slot.service: one.on_call for one in view.services} == {"web": (MEI.id,), "payments": ()}
    assert view.approvers == ("members",)


def test_who_wrote_a_commit_is_told_by_a_hidden_address_or_a_name_that_is_a_login():
    assert login_of("Ana B", "123+ana-dev@users.noreply.github.com") == "ana-dev"
    assert login_of("Ana B", "ana-dev@users.noreply.gitlab.example.com") == "ana-dev"
    assert login_of("ana-dev", "ana@example.com") == "ana-dev"
    assert login_of("Ana B", "ana@example.com") == ""
    commit = Commit("a" * 40, "x", "", "Ana", "1+ana-dev@users.noreply.github.com", NOON)
    assert Ships.of([commit, commit], ()).logins == ("ana-dev",)


async def test_a_run_that_is_waited_for_by_nobody_tells_nobody():
    world = Harbour()
    id = await ask(world, environment="staging")
    await world.later(MINUTE, deploy_run.run)
    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert not [key for key in world.said if key.endswith(":next")]
