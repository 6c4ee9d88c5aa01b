"""What is approved is an image by its digest, and checks as they are at the click, whoever told us of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import PipelineChanged, RunState
from bot.core.jobs import Due
from bot.core.refusals import Refusal
from bot.core.team import Environment, Repository
from bot.stages.build import runs
from bot.stages.build.model.run import Run
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy import recheck, run_elsewhere, start
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.registry_port import Artifacts, ArtifactUnknown
from bot.stages.deploy.model.slot import Slot
from tests.fakes import ANA, LUIS, NOON
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, go_live, not_done, press

FIRST, SECOND = "sha256:" + "1b2c" * 16, "sha256:" + "9f8e" * 16


class ScriptedRegistry:
    """Images by name; ``down`` is why it cannot be asked."""

    def __init__(self) -> None:
        self.images: dict[str, str] = {}
        self.down = ""

    async def digest(self, name: str) -> str:
        if self.down:
            raise HostUnreachable(self.down)
        if name not in self.images:
            raise ArtifactUnknown(name)
        return self.images[name]


def world_with(*, required: tuple[str, ...] = (), image: str | None = "r.example.com/web:{version}") -> Any:
    web = replace(EVERYONE.services["web"], repository=Repository(github="Org/Web"), artifact=image)
    environments = {
        "staging": Environment("staging", 0),
        "production": Environment("production", 1, approvals=1, checks=required),
        "vault": Environment("vault", 2, approvals=2),
    }
    services = {**EVERYONE.services, "web": web}
    world: Any = Harbour(team=replace(EVERYONE, services=services, environments=environments))
    world.registry = ScriptedRegistry()
    world.registry.images = {f"r.example.com/web:v1.{n}": FIRST for n in ("3.9", "4.0", "4.1")}
    world.tools = world.tools.with_ports({Artifacts: world.registry})
    return world


def pipeline(name: str, state: RunState, attempt: int = 1) -> PipelineChanged:
    return PipelineChanged("github", "org/web", name, attempt, name, 1, "main", "", state, NOON)


async def test_what_is_deployed_is_the_image_that_was_approved():
    world = world_with()
    id = await ask(world)
    assert card(world, id)["bound"] == f"{id} {world.host.sha('v1.4.0')[:12]}.x{FIRST[7:19]}.r"
    await press(world, "approve", id, ANA)
    seen = await start.look_before_start(world.tools, id)
    world.registry.images["r.example.com/web:v1.4.0"] = SECOND  # as it starts: the tag is not asked any more
    job = next(job for job in world.jobs.values() if job.kind == "deploy.run")
    async with world.unit() as work:
        begun = await deploy_run._begin(Due(job, timedelta(), 1), seen, set(), work)
    values = run_elsewhere.values(world.team, begun)

    assert values["artifact"] == f"r.example.com/web@{FIRST}"


async def test_an_image_that_was_pushed_anew_before_its_start_goes_back_to_those_who_approve():
    world = world_with()
    id = await ask(world)
    await press(world, "approve", id, ANA)
    world.registry.images["r.example.com/web:v1.4.0"] = SECOND
    await world.run_due()

    now = await world.deployment(id)
    assert world.target.runs == []
    assert (now.state, now.artifact, now.artifact_was, now.fell_away) == (State.WAITING, SECOND, FIRST, 1)
    await press(world, "approve", id, ANA)
    await world.run_due()

    assert [run["artifact"] for run in world.target.runs] == [f"r.example.com/web@{SECOND}"]
    assert (await world.get(Slot, "web/production")).live.artifact == SECOND


async def test_a_tag_that_was_pushed_anew_takes_the_approvals_with_it_and_says_so():
    world = world_with()
    id = await ask(world, environment="vault")
    await press(world, "approve", id, ANA)
    world.registry.images["r.example.com/web:v1.4.0"] = SECOND

    why = await not_done(world, "approve", id, LUIS)

    assert f"pushed anew: it is {SECOND[7:19]} and was {FIRST[7:19]}, and 1 approval of the old commit ended" in why
    now = await world.deployment(id)
    assert (now.artifact, now.artifact_was, now.approval.approvals) == (SECOND, FIRST, ())
    assert card(world, id)["deployment"] == now
    assert "another image" not in await not_done(world, "approve", id, LUIS, sha=f"{now.sha[:12]}.x{FIRST[7:19]}")
    for person in (ANA, LUIS):
        await press(world, "approve", id, person, sha=f"{now.sha[:12]}.x{SECOND[7:19]}")
    await world.run_due()
    assert world.target.runs[0]["artifact"] == f"r.example.com/web@{SECOND}"


async def test_a_click_on_a_card_of_another_image_does_not_count():
    world = world_with()
    id = await ask(world)

    why = await not_done(world, "approve", id, ANA, sha=f"{world.host.sha('v1.4.0')[:12]}.x{SECOND[7:19]}")

    assert why.startswith(f"You saw the image {SECOND[7:19]}, and by now it is {FIRST[7:19]}.")
    assert (await world.deployment(id)).approval.approvals == ()


async def test_without_an_image_nothing_is_asked_for():
    world = world_with()
    del world.registry.images["r.example.com/web:v1.4.0"]
    with pytest.raises(Refusal, match=r"There is no image r\.example\.com/web:v1\.4\.0 yet"):
        await ask(world)
    world.registry.down = "the registry answered 502"
    with pytest.raises(Refusal, match=r"cannot see which image web v1\.4\.1 is: the registry answered 502"):
        await ask(world, "v1.4.1")
    assert world.said == {}


async def test_a_registry_that_is_away_at_the_click_takes_no_yes():
    world = world_with()
    id = await ask(world)
    world.registry.down = "the registry answered 502"
    assert "the registry answered 502" in await not_done(world, "approve", id, ANA)
    world.registry.down = ""
    del world.registry.images["r.example.com/web:v1.4.0"]
    assert "is in its registry no more" in await not_done(world, "approve", id, ANA)
    assert (await world.deployment(id)).state is State.WAITING


async def test_a_rollback_brings_back_the_image_that_was_live():
    world = world_with()
    await go_live(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")
    world.registry.images["r.example.com/web:v1.3.9"] = SECOND

    await press(world, "rollback", id, LUIS)
    await world.run_due()

    assert world.target.runs[-1]["artifact"] == f"r.example.com/web@{FIRST}"


async def test_a_rollback_to_an_image_whose_digest_was_not_kept_is_bound_to_the_one_that_is_said_yes_to():
    world = world_with()
    world.tools = world.tools.with_ports({Artifacts: None})
    await go_live(world, "v1.3.9")
    latest = await go_live(world, "v1.4.0")
    world.tools = world.tools.with_ports({Artifacts: world.registry})
    world.registry.images["r.example.com/web:v1.3.9"] = SECOND  # pushed anew since
    runs_before = len(world.target.runs)

    back = (await press(world, "rollback", latest, LUIS)).context["deployment"]
    await world.run_due()
    assert (back.state, len(world.target.runs)) == (State.WAITING, runs_before)
    assert "digest was not kept" in back.unapproved

    assert "which one it was is not known" in await not_done(world, "approve", back.id, ANA)
    await press(world, "approve", back.id, ANA)
    world.registry.images["r.example.com/web:v1.3.9"] = FIRST  # and once more, which changes nothing
    await world.run_due()
    assert world.target.runs[-1]["artifact"] == f"r.example.com/web@{SECOND}"


async def test_checks_are_read_from_the_code_host_without_a_webhook():
    world = world_with(required=("ci",), image=None)
    sha = world.host.sha("v1.4.0")
    world.host.pipelines[sha] = [pipeline("ci", RunState.RUNNING), pipeline("lint", RunState.FAILED)]
    id = await ask(world)
    assert card(world, id)["picture"].checks.failed == ("lint",)
    world.host.pipelines[sha] = [pipeline("ci", RunState.FAILED), pipeline("lint", RunState.FAILED)]
    assert "ci did not pass" in await not_done(world, "approve", id, ANA)

    world.host.pipelines[sha] = [pipeline("ci", RunState.PASSED, attempt=2), pipeline("lint", RunState.FAILED)]
    await press(world, "approve", id, ANA, sha=card(world, id)["bound"].partition(" ")[2])

    assert (await world.deployment(id)).state is State.QUEUED
    assert not any(key.startswith("run:") for key in world.said)  # looking is no news


async def test_a_check_that_turned_red_since_the_card_was_drawn_is_said_at_the_click():
    world = world_with(image=None)
    sha = world.host.sha("v1.4.0")
    world.host.pipelines[sha] = [pipeline("ci", RunState.PASSED)]
    id = await ask(world)
    seen = card(world, id)["bound"].partition(" ")[2]
    world.host.pipelines[sha] = [pipeline("ci", RunState.FAILED, attempt=2)]

    assert "Red by now, and not on the card that you clicked: ci." in await not_done(
        world, "approve", id, ANA, sha=seen
    )
    assert card(world, id)["picture"].checks.failed == ("ci",)
    await press(world, "approve", id, ANA, sha=card(world, id)["bound"].partition(" ")[2])
    assert (await world.deployment(id)).state is State.QUEUED


async def test_what_was_only_looked_up_is_told_once_its_webhook_comes():
    world = world_with(image=None)
    sha = world.host.sha("v1.4.0")
    world.host.pipelines[sha] = [pipeline("ci", RunState.FAILED)]
    await ask(world)
    await ask(world, environment="vault")  # looked up twice
    assert not any(key.startswith("run:") for key in world.said)

    await world.happen(replace(pipeline("ci", RunState.FAILED), sha=sha), runs.pipeline_changed)

    assert world.said["run:org/web/ci"].context["run"].state is RunState.FAILED
    assert world.kinds.count("build.failed") == 1
    world.host.pipelines[sha] = [pipeline("ci", RunState.PASSED, attempt=2)]
    await ask(world, environment="staging")
    assert world.said["run:org/web/ci"].context["run"].state is RunState.PASSED  # what stands is kept true
    assert (await world.get(Run, "org/web/ci")).is_told


async def test_what_waits_for_a_check_looks_for_it_without_a_webhook():
    world = world_with(required=("ci",), image=None)
    sha = world.host.sha("v1.4.0")
    world.host.pipelines[sha] = [pipeline("ci", RunState.RUNNING)]
    id = await ask(world)
    await press(world, "approve", id, ANA)
    assert (await world.deployment(id)).state is State.QUEUED
    doing = (recheck.look_again, recheck.look_at_checks, deploy_run.run)
    await world.later(5 * HOUR / 60, *doing)
    assert world.target.runs == []

    world.host.down = "GitHub answered 502"
    await world.later(5 * HOUR / 60, *doing)
    world.host.down = ""
    world.host.pipelines[sha] = [pipeline("ci", RunState.PASSED)]
    await world.later(2 * HOUR / 60, *doing)

    assert (await world.deployment(id)).state is State.SUCCEEDED
    await world.later(HOUR, *doing)
    assert not [key for key in world.jobs if key.startswith("deploy.checks")]
