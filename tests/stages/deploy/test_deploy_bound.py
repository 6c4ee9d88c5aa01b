"""What is approved is a commit with its checks: at the click everything is read again, and the click is answered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.events import PipelineChanged, RunState
from bot.core.freezes import Moment, Window
from bot.core.incident_severity import IncidentSeverity
from bot.core.jobs import Due
from bot.core.refusals import Refusal
from bot.core.team import Environment, IncidentHold
from bot.stages.build import runs
from bot.stages.build.model.run import Purpose, Run
from bot.stages.deploy import recheck, run_elsewhere, start
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.obstacles import Kind
from bot.stages.monitor.model.incident import Incident
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, go_live, not_done, press


def strict(**more) -> Harbour:
    """Production with these rules, beside a staging that has none."""
    environments = {
        "staging": Environment("staging", 0),
        "production": Environment("production", 1, approvals=1, **more),
    }
    return Harbour(team=replace(EVERYONE, environments=environments))


def run(world: Harbour, name: str, state: RunState, number: int = 1, ref: str = "v1.4.0") -> Run:
    sha = world.host.sha(ref)
    return Run(
        f"org/web/{name}/{number}", Purpose.of(name), "org/web", "web", name, number, 1, "main", sha, state, NOON
    )


def ended(world: Harbour, name: str, state: RunState, number: int = 1) -> PipelineChanged:
    sha = world.host.sha("v1.4.0")
    return PipelineChanged("github", "org/web", f"{name}/{number}", 1, name, number, "main", sha, state, NOON)


async def look_again(world: Harbour, by: timedelta = timedelta()):
    await world.later(by, recheck.look_again, deploy_run.run)


async def test_a_ref_that_moved_takes_the_approvals_with_it_and_says_so():
    world = Harbour()
    world.host.history.append(("main", "feat: one"))
    id = await ask(world, "main", "vault")
    await press(world, "approve", id, ANA)
    before = world.host.sha("main")
    world.host.history[-1] = ("", "feat: one")
    world.host.history.append(("main", "fix: two"))

    why = await not_done(world, "approve", id, LUIS)

    now = await world.deployment(id)
    assert f"moved from {before[:7]} to {now.sha[:7]}, and 1 approval of the old commit ended with it" in why
    assert (now.sha, now.approval.approvals, now.state) == (world.host.sha("main"), (), State.WAITING)
    assert card(world, id)["deployment"] == now
    assert now.ships.commits[0].subject == "fix: two"
    assert "deployment.moved" in world.kinds

    for person in (ANA, LUIS):
        await press(world, "approve", id, person)
    await world.run_due()
    assert world.target.runs[0]["sha"] == now.sha
    assert {vote.sha for vote in (await world.deployment(id)).approval.votes} == {now.sha}


async def test_a_click_on_a_card_of_another_commit_does_not_count():
    world = Harbour()
    world.host.history.append(("main", "feat: one"))
    id = await ask(world, "main")
    seen = world.host.sha("main")
    world.host.history[-1] = ("", "feat: one")
    world.host.history.append(("main", "fix: two"))
    await not_done(world, "approve", id, ANA)

    why = await not_done(world, "approve", id, LUIS, sha=seen)

    assert f"You saw {seen[:7]}" in why
    assert (await world.deployment(id)).approval.votes == ()


async def test_the_command_gets_the_commit_that_was_approved_even_where_the_ref_moves_as_it_starts():
    world = Harbour()
    world.host.move("main", "feat: one")
    id = await ask(world, "main")
    approved = world.host.sha("main")
    await press(world, "approve", id, ANA)

    seen = await start.look_before_start(world.tools, id)
    world.host.move("main", "fix: two")
    job = next(job for job in world.jobs.values() if job.kind == "deploy.run")
    async with world.unit() as work:
        begun = await deploy_run._begin(Due(job, timedelta(), 1), seen, set(), work)
    values = run_elsewhere.values(world.team, begun)

    assert (values["sha"], values["version"]) == (approved, approved)


async def test_where_the_ref_cannot_be_looked_up_nobodys_yes_counts():
    world = Harbour()
    id = await ask(world)

    world.host.down = "GitHub did not answer within 15 s"
    assert "GitHub did not answer" in await not_done(world, "approve", id, ANA)
    world.host.down = ""
    world.host.history = [("v1.3.9", "feat: begin")]
    assert "v1.4.0 is there no more" in await not_done(world, "approve", id, ANA)
    assert (await world.deployment(id)).approval.votes == ()


async def test_a_check_that_turned_red_stops_the_click_and_shows_on_the_card():
    world = strict(checks=("ci",))
    await world.add(run(world, "ci", RunState.PASSED))
    id = await ask(world)
    assert card(world, id)["picture"].checks.green == 1

    await world.add(run(world, "ci", RunState.FAILED, number=2))
    why = await not_done(world, "approve", id, ANA)

    assert why == "ci did not pass. (environments.production.checks)"
    assert card(world, id)["picture"].checks.failed == ("ci",)
    assert (await world.deployment(id)).approval.votes == ()


async def test_a_check_that_runs_lets_the_yes_count_and_holds_the_start():
    world = strict(checks=("ci", "e2e"))
    await world.add(run(world, "ci", RunState.PASSED))
    id = await ask(world)

    await press(world, "approve", id, ANA)
    await world.run_due()
    assert (await world.deployment(id)).state is State.QUEUED
    assert [one.what for one in card(world, id)["picture"].obstacles] == ["e2e has not passed yet"]

    event = ended(world, "e2e", RunState.PASSED)
    await world.happen(event, runs.pipeline_changed, recheck.checked)
    await world.run_due()
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_a_freeze_that_begins_stops_the_click_and_an_override_needs_a_reason_and_a_second_person():
    world = Harbour()
    id = await ask(world)
    await world.use(command, "freeze", by=MEI, environment="production", end=NOON + 24 * HOUR, reason="audit")

    assert "production is frozen (L-1, set by Mei: audit), for 1 day more." in await not_done(
        world, "approve", id, ANA
    )
    assert [one.kind for one in card(world, id)["picture"].obstacles] == [Kind.FREEZE]

    again = await world.use(
        command, by=TOM, service="web", version="v1.4.0", environment="production", reason="the sale starts"
    )
    assert again.context["deployment"].id == id
    assert card(world, id)["deployment"].overrides == "L-1"
    await press(world, "approve", id, ANA)
    await world.run_due()

    assert (await world.deployment(id)).state is State.SUCCEEDED
    overridden = [entry for entry in world.entries if entry.facts.get("override") == "L-1"]
    assert [entry.kind for entry in overridden] == ["deployment.override_asked", "deployment.approved"]
    assert [entry.by for entry in overridden] == [TOM.id, ANA.id]


async def test_an_environment_without_approvals_needs_one_to_pass_a_freeze():
    weekend = Window("weekend", Moment.read("Tue 09:00"), Moment.read("Tue 18:00"))
    environments = {"staging": Environment("staging", 0, freezes=(weekend,))}
    world = Harbour(team=replace(EVERYONE, environments=environments))

    with pytest.raises(Refusal, match=r'"/deploy web v1\.4\.0 to staging because …"'):
        await ask(world, environment="staging")
    answer = await world.use(
        command, by=TOM, service="web", version="v1.4.0", environment="staging", reason="staging is broken"
    )

    assert answer.context["deployment"].approval.needed == 1
    assert world.target.runs == []


async def test_what_was_approved_before_a_freeze_starts_when_it_ends():
    tonight = Window("evening", Moment.read("Tue 12:30"), Moment.read("Tue 14:00"))
    world = strict(freezes=(tonight,), after="staging", soak=timedelta(hours=1))
    await ask(world, environment="staging")
    await world.run_due()
    id = await ask(world)
    await press(world, "approve", id, ANA)
    assert [one.kind for one in card(world, id)["picture"].obstacles] == [Kind.SOAK]

    await look_again(world, timedelta(hours=1, minutes=10))
    assert (await world.deployment(id)).state is State.QUEUED  # it has soaked, and now the freeze holds it
    assert [one.kind for one in card(world, id)["picture"].obstacles] == [Kind.FREEZE]
    await look_again(world, timedelta(hours=1))
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_the_same_commit_has_to_have_been_in_the_environment_before():
    world = strict(after="staging")

    with pytest.raises(Refusal, match="has not been live in staging, which comes before production") as refused:
        await ask(world)
    assert "environments.production.after" in refused.value.sentence
    first = await ask(world, environment="staging")
    await world.run_due()
    second = await ask(world)
    assert card(world, second)["picture"].before == "staging"

    world.clock.move(HOUR)
    await ask(world, "v1.3.9", "staging")
    await world.run_due()
    assert (await world.deployment(first)).state is State.SUCCEEDED
    await press(world, "approve", second, ANA)  # something else in staging since then takes nothing back
    await world.run_due()
    assert (await world.deployment(second)).state is State.SUCCEEDED


async def test_what_was_rolled_back_in_staging_cannot_go_on():
    world = strict(after="staging")
    await ask(world, "v1.3.9", "staging")
    await world.run_due()
    first = await ask(world, environment="staging")
    await world.run_due()
    second = await ask(world)
    await press(world, "rollback", first, MEI)
    await world.run_due()

    assert "has not been live in staging" in await not_done(world, "approve", second, ANA)


async def open_incident(world: Harbour, severity: IncidentSeverity = IncidentSeverity.MAJOR) -> Incident:
    return await world.add(Incident.open("Slow checkout", severity, MEI, MEI, NOON, "#incidents", service="web"))


async def test_an_open_incident_warns_or_holds_and_the_fix_and_the_rollback_pass():
    world = strict(incidents=IncidentHold("major", enforces=True))
    await go_live(world, "v1.3.9")
    live = await go_live(world, "v1.4.0")
    incident = await open_incident(world)
    held = await ask(world, "v1.4.1")
    await press(world, "approve", held, ANA)
    await world.run_due()
    assert (await world.deployment(held)).state is State.QUEUED
    await press(world, "cancel", held, TOM)

    answer = await world.use(
        command, by=TOM, service="web", version="v1.4.1", environment="production", reason=f"fixes {incident.id}"
    )
    fix = answer.context["deployment"].id
    await press(world, "approve", fix, ANA)
    await world.run_due()
    assert (await world.deployment(fix)).state is State.SUCCEEDED
    back = (await press(world, "rollback", fix, LUIS)).context["deployment"].id
    await world.run_due()
    assert (await world.deployment(back)).state is State.SUCCEEDED
    assert (await world.deployment(live)).state is State.SUCCEEDED


async def test_what_an_incident_held_starts_soon_after_its_end():
    world = strict(incidents=IncidentHold("major", enforces=True))
    incident = await open_incident(world)
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await look_again(world, 3 * HOUR / 60)
    assert (await world.deployment(id)).state is State.QUEUED

    async with world.unit() as work:
        await work.save((await work.get(Incident, incident.id)).resolve(MEI, work.now))
    await look_again(world, HOUR / 60)

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert [job.kind for job in world.jobs.values() if job.kind == "deploy.look"] == []


async def test_a_lesser_incident_and_one_of_another_service_are_only_shown():
    world = strict(incidents=IncidentHold("major", enforces=False))
    await open_incident(world)
    await world.add(
        Incident.open("Ledger", IncidentSeverity.CRITICAL, MEI, MEI, NOON, "#incidents", service="payments")
    )
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await world.run_due()

    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_migrations_are_named_on_the_card():
    web = replace(EVERYONE.services["web"], migrations=("db/migrations/*",))
    world = Harbour(team=replace(EVERYONE, services={"web": web}))
    world.host.paths = ["src/app.py", "db/migrations/0041.sql"]
    id = await ask(world)

    assert card(world, id)["deployment"].ships.migrations == ("db/migrations/0041.sql",)
    assert "migration" in card(world, id)["picture"].risk.reasons


async def rules(world: Harbour, id: str, by) -> list[str]:
    answer = await world.use(command, "why", by=by, deployment=id)
    return [one.rule for one in answer.context["reasons"]]


async def test_why_names_each_rule_that_stops_it():
    world = strict(checks=("ci",), incidents=IncidentHold("minor", enforces=True))
    await world.add(run(world, "ci", RunState.FAILED))
    id = await ask(world)
    await open_incident(world)

    assert await rules(world, id, TOM) == [
        "environments.production.checks",
        "environments.production.incidents",
        "environments.production.approvals",
        "environments.production.approvals",
    ]
