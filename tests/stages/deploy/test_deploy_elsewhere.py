"""Deployments that somebody else carries out: asked for once, followed, stopped, and what comes of silence."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.deploy_targets import Elsewhere, GitHubDeployment, GitHubWorkflow, HttpCall
from bot.core.events import DeploymentReported, PipelineChanged, RunState
from bot.core.jobs import Outcome
from bot.core.refusals import Refusal
from bot.core.team import Environment, Repository
from bot.stages.build import runs
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy import reported_by_others, run_elsewhere
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished, NotTaken, Order, Report, Taken, Unsure
from bot.stages.deploy.model.slot import Slot
from commands.deploy import command
from tests.fakes import ANA, MEI, NOON, TOM
from tests.stages.deploy.deploying import EVERYONE, Harbour, ask, begin, card, press

RUN = "github:harbor/web/runs/77"
URL = "https://github.com/harbor/web/actions/runs/77"
MINUTE = timedelta(minutes=1)
WORKFLOW = GitHubWorkflow("deploy.yml", limit=timedelta(minutes=20))
HTTP = HttpCall("https://deployer.example.com/go", limit=timedelta(minutes=20))


@dataclass
class ScriptedCarrier:
    """Does what a test tells it, and remembers what it was asked."""

    starts: list[Order] = field(default_factory=list[Order])
    stops: list[str] = field(default_factory=list[str])
    start_says: Taken | Exception = field(default_factory=lambda: Taken(RUN, URL))
    finds: Taken | None = None
    says: Report | Exception | None = field(default_factory=lambda: Report(RunState.QUEUED))
    can_stop: bool = True
    meanwhile: Callable[[], Awaitable[Any]] | None = None  # once, before the next answer arrives

    async def _late(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()

    async def start(self, how: Elsewhere, order: Order) -> Taken:
        self.starts.append(order)
        says = self.start_says
        await self._late()
        if isinstance(says, Exception):
            raise says
        return says

    async def find(self, how: Elsewhere, order: Order) -> Taken | None:
        return self.finds

    async def look(self, how: Elsewhere, order: Order) -> Report | None:
        assert order.reference
        says = self.says
        await self._late()
        if isinstance(says, Exception):
            raise says
        return says

    async def stop(self, how: Elsewhere, order: Order) -> bool:
        self.stops.append(order.reference)
        return self.can_stop


class Abroad(Harbour):
    """A harbour whose web is deployed by somebody else."""

    def __init__(self, how: Elsewhere = WORKFLOW) -> None:
        self.carrier = ScriptedCarrier()
        web = replace(EVERYONE.services["web"], repository=Repository(github="Harbor/Web"), deploy=how)
        super().__init__(carrier=self.carrier, team=replace(EVERYONE, services={**EVERYONE.services, "web": web}))

    async def on(self, by: timedelta = timedelta()) -> None:
        """Do what is due, until so much later."""
        await self.later(by, deploy_run.run, run_elsewhere.follow)

    async def hear(self, event: Any) -> None:
        await self.happen(event, reported_by_others.deployment_reported, reported_by_others.run_reported)


def run_is(state: RunState, run: str = "77") -> PipelineChanged:
    return PipelineChanged("github", "harbor/web", run, 1, "Deploy", 7, "main", "a" * 40, state, NOON, url=URL)


def reported(world: Abroad, state: RunState, deployment: str, **more: Any) -> DeploymentReported:
    given = {"sha": "", "ref": "", "actor": "", "repository": "", "environment": "", "source": "deploys"} | more
    return DeploymentReported(deployment=deployment, state=state, at=world.clock.now(), **given)


async def test_from_the_queue_there_to_its_end():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()

    (order,) = world.carrier.starts
    assert order.run == f"{id}/1"
    assert (order.values["sha"], order.values["environment"]) == (world.host.sha("v1.4.0"), "staging")
    assert (await world.deployment(id)).reference == RUN
    assert card(world, id)["deployment"].carried.is_taken
    await world.on(MINUTE)
    assert card(world, id)["deployment"].carried.is_queued

    world.carrier.says = Report(RunState.RUNNING, note="deploy: switch traffic", url=URL)
    await world.on(MINUTE)
    assert card(world, id)["deployment"].carried.note == "deploy: switch traffic"
    assert world.said[f"deployment:{id}:run:1"].context["deployment"].state is State.RUNNING

    world.carrier.says = Report(RunState.PASSED, url=URL)
    await world.on(MINUTE)
    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert (await world.get(Slot, "web/staging")).live.name == "v1.4.0"
    assert world.said[f"deployment:{id}/1:ended:#deploys"].template == "deploy/live"
    assert world.jobs == {}
    assert len(world.carrier.starts) == 1


async def test_a_webhook_tells_its_end_at_once_and_once():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()

    await world.hear(run_is(RunState.RUNNING))
    await world.hear(run_is(RunState.PASSED))
    await world.hear(run_is(RunState.PASSED))
    await world.hear(run_is(RunState.RUNNING))  # overtaken on its way

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert world.kinds.count("deployment.succeeded") == 1
    assert "deployment.contradicted" not in world.kinds
    await world.on(MINUTE)  # the look that was owed finds nothing to do
    assert world.jobs == {}


async def test_one_that_fails_says_why_and_can_be_tried_again_as_another_run():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    world.carrier.says = Report(RunState.FAILED, note="job deploy failed at smoke", lines=("a", "b"), url=URL)
    await world.on(MINUTE)

    failed = card(world, id)
    assert (failed["deployment"].state, failed["deployment"].note) == (State.FAILED, "job deploy failed at smoke")
    assert failed["deployment"].tail == ("a", "b")
    assert failed["can_retry"]

    world.carrier.start_says, world.carrier.says = Taken(RUN + "8", URL), Report(RunState.RUNNING)
    await press(world, "retry", id, MEI)
    await world.on(MINUTE)
    await world.hear(run_is(RunState.PASSED))  # of the first run, by hand: not of the one that is under way

    assert [order.run for order in world.carrier.starts] == [f"{id}/1", f"{id}/2"]
    assert (await world.deployment(id)).state is State.RUNNING
    await world.hear(run_is(RunState.PASSED, "778"))
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_what_is_not_taken_has_failed_with_the_reason_and_the_next_one_starts():
    world = Abroad()
    world.carrier.start_says = NotTaken("GitHub has no workflow deploy.yml")
    id = await ask(world, environment="staging")
    await world.on()

    assert (await world.deployment(id)).state is State.FAILED
    assert "no workflow deploy.yml" in card(world, id)["deployment"].note
    assert (await world.get(Slot, "web/staging")).taken_by == ""


async def test_an_unsure_start_is_never_repeated_and_found_again():
    world = Abroad()
    world.carrier.start_says = Unsure("GitHub cut the connection")
    id = await ask(world, environment="staging")
    await world.on(MINUTE)

    assert not card(world, id)["deployment"].carried.is_taken
    assert "cut the connection" in card(world, id)["deployment"].carried.note
    world.carrier.finds, world.carrier.says = Taken(RUN, URL), Report(RunState.PASSED)
    await world.on(MINUTE)

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert len(world.carrier.starts) == 1


async def test_an_unsure_start_that_is_found_nowhere_is_for_a_person_to_look_at():
    world = Abroad()
    world.carrier.start_says = Unsure("GitHub cut the connection")
    id = await ask(world, environment="staging")
    await world.on(3 * MINUTE)

    assert (await world.deployment(id)).state is State.UNKNOWN
    assert world.said[f"deployment:{id}:interrupted:1"].thread_of == f"deployment:{id}"
    assert (await world.get(Slot, "web/staging")).taken_by == id  # nothing starts there before
    await press(world, "settle", id, MEI, outcome="failed")
    await world.on(timedelta(hours=1))
    assert len(world.carrier.starts) == 1
    assert (await world.deployment(id)).state is State.FAILED


async def test_a_crash_between_the_start_and_its_answer_asks_nobody_twice():
    world = Abroad()
    id = await ask(world, environment="staging")
    job = next(iter(world.jobs.values()))
    await begin(world, job)  # and then the process dies

    assert await world.do(job, deploy_run.run) is Outcome.NOOP
    assert world.carrier.starts == []
    assert (await world.deployment(id)).state is State.RUNNING
    world.carrier.finds, world.carrier.says = Taken(RUN, URL), Report(RunState.PASSED)
    await world.on(MINUTE)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_stopping_is_passed_on_and_its_end_is_theirs_to_tell():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    world.carrier.says = Report(RunState.RUNNING)
    await press(world, "cancel", id, MEI)
    await world.on()

    assert world.carrier.stops == [RUN]
    assert (await world.deployment(id)).state is State.RUNNING
    world.carrier.says = Report(RunState.CANCELLED)
    await world.on(MINUTE)

    ended = await world.deployment(id)
    assert (ended.state, ended.stop_asked_by, ended.timed_out) == (State.FAILED, MEI.id, False)
    assert world.carrier.stops == [RUN]


async def test_what_went_live_before_it_heard_of_the_stop_is_live():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    await press(world, "cancel", id, MEI)
    world.carrier.says = Report(RunState.PASSED)
    await world.on(MINUTE)

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert (await world.get(Slot, "web/staging")).live.deployment == id


async def test_who_takes_too_long_is_stopped_and_has_timed_out():
    world = Abroad()
    id = await ask(world, environment="staging")
    world.carrier.says = Report(RunState.RUNNING)
    await world.on(20 * MINUTE)
    assert world.carrier.stops == []
    await world.on(MINUTE)
    assert world.carrier.stops == [RUN]
    world.carrier.says = Report(RunState.CANCELLED)
    await world.on(MINUTE)

    ended = await world.deployment(id)
    assert (ended.state, ended.timed_out) == (State.FAILED, True)


@pytest.mark.parametrize("later", [Report(RunState.PASSED), Report(RunState.FAILED)])
async def test_who_never_says_is_asked_about_and_may_still_say(later: Report):
    world = Abroad()
    id = await ask(world, environment="staging")
    world.carrier.says, world.carrier.can_stop = HostUnreachable("GitHub answered 502"), False
    await world.on(23 * MINUTE)

    assert (await world.deployment(id)).state is State.UNKNOWN
    world.carrier.says = later
    await world.on(10 * MINUTE)
    state = State.SUCCEEDED if later.state is RunState.PASSED else State.FAILED
    assert (await world.deployment(id)).state is state


async def test_a_callback_counts_for_its_run_alone():
    world = Abroad(HTTP)
    world.carrier.start_says, world.carrier.says = Taken("deploys:D-1/1"), None
    id = await ask(world, environment="staging")
    await world.on()

    await world.hear(reported(world, RunState.PASSED, "D-1/2"))
    await world.hear(reported(world, RunState.PASSED, "D-9/1"))
    assert (await world.deployment(id)).state is State.RUNNING
    facts = {"note": "smoke failed", "log": "one\ntwo"}
    await world.hear(reported(world, RunState.FAILED, "D-1/1", facts=facts))
    ended = await world.deployment(id)
    assert (ended.state, ended.note, ended.tail) == (State.FAILED, "smoke failed", ("one", "two"))

    await world.hear(reported(world, RunState.FAILED, "D-1/1"))
    assert "deployment.contradicted" not in world.kinds
    await world.hear(reported(world, RunState.PASSED, "D-1/1"))
    assert world.kinds.count("deployment.contradicted") == 1
    assert world.said[f"deployment:{id}:contradicted:1"].template == "deploy/contradicted"
    assert (await world.deployment(id)).state is State.SUCCEEDED  # nothing has come after it, so that is live
    assert (await world.get(Slot, "web/staging")).live.deployment == id
    assert await world.find(Deployment, service="web") == [await world.deployment(id)]


async def test_an_http_call_that_was_cut_waits_for_the_callback_until_its_time_is_up():
    world = Abroad(HTTP)
    world.carrier.start_says, world.carrier.says = Unsure("it did not answer within 10 s"), None
    id = await ask(world, environment="staging")
    await world.on(19 * MINUTE)
    assert (await world.deployment(id)).state is State.RUNNING

    await world.hear(reported(world, RunState.RUNNING, "D-1/1"))
    await world.hear(reported(world, RunState.PASSED, "D-1/1"))
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_a_run_that_deploys_is_no_build():
    world = Abroad()
    await ask(world, environment="staging")
    await world.on()
    await world.happen(run_is(RunState.RUNNING), runs.pipeline_changed, reported_by_others.run_reported)

    assert not any(key.startswith("run:") for key in world.said)


SHA = "9f3c2a1b7d5e4c60812f3a94b6d7e8f901a2b3c4"


async def test_what_others_deploy_is_live_and_counts_as_having_been_there():
    world = Abroad()
    told = {"source": "github", "repository": "Harbor/web", "environment": "staging", "actor": "ana-dev"}
    await world.hear(reported(world, RunState.RUNNING, "5", sha=SHA, ref="v1.4.0", **told))
    assert await world.find(Deployment, service="web") == []
    await world.hear(reported(world, RunState.PASSED, "5", sha=SHA, ref="v1.4.0", **told))
    await world.hear(reported(world, RunState.PASSED, "5", sha=SHA, ref="v1.4.0", **told))

    (one,) = await world.find(Deployment, service="web")
    assert (one.state, one.reported_by, one.asked_by, one.sha) == (State.SUCCEEDED, "github", ANA.id, SHA)
    assert (await world.get(Slot, "web/staging")).live.name == "v1.4.0"
    assert card(world, one.id)["can_retry"] is False
    status = await world.use(command, "status", by=TOM)
    assert [slot.live.name for slot in status.context["slots"] if slot.live] == ["v1.4.0"]


async def test_an_echo_of_our_own_deployment_is_not_a_second_one():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    sha = world.host.sha("v1.4.0")
    told = {"source": "gitlab", "repository": "harbor/web", "environment": "staging", "sha": sha, "ref": "v1.4.0"}
    await world.hear(reported(world, RunState.PASSED, "8", **told))
    assert [one.id for one in await world.find(Deployment, service="web")] == [id]
    world.carrier.says = Report(RunState.PASSED)
    await world.on(MINUTE)
    await world.hear(reported(world, RunState.PASSED, "8", **told))
    assert [one.id for one in await world.find(Deployment, service="web")] == [id]
    assert world.kinds.count("deployment_elsewhere.passed") == 2


async def test_the_environment_before_may_be_deployed_by_others():
    world = Abroad()
    production = Environment("production", 1, after="staging")
    team = replace(world.team, environments={"staging": Environment("staging"), "production": production})
    world.team = team
    world.unit._team = team
    world.tools = replace(world.tools, team=team)
    sha = world.host.sha("v1.4.0")
    told = {"source": "argocd", "environment": "staging", "sha": sha, "ref": "v1.4.0", "facts": {"service": "web"}}
    await world.hear(reported(world, RunState.PASSED, "web-staging@1", **told))

    id = await ask(world, "v1.4.0", "production")
    await world.on()
    assert [order.run for order in world.carrier.starts] == [f"{id}/1"]


async def test_of_what_is_unknown_here_only_the_ledger_keeps_a_line():
    world = Abroad()
    told = {"source": "github", "repository": "other/thing", "environment": "moon", "sha": SHA, "ref": "main"}
    await world.hear(reported(world, RunState.PASSED, "5", **told))
    await world.hear(reported(world, RunState.PASSED, "6", **{**told, "repository": "harbor/web"}))

    assert world.kinds == ["deployment_elsewhere.passed", "deployment_elsewhere.passed"]
    assert world.said == {}


async def test_what_others_say_failed_is_nobodys_to_run_without_an_approval():
    world = Abroad()
    told = {
        "source": "github",
        "repository": "harbor/web",
        "environment": "production",
        "sha": SHA,
        "ref": "v1.4.0",
    }
    await world.hear(reported(world, RunState.FAILED, "5", **told))
    (one,) = await world.find(Deployment, service="web")

    with pytest.raises(
        Refusal, match=r'was not asked for here, so nobody approved it. Ask with "/deploy web v1\.4\.0'
    ):
        await press(world, "retry", one.id, TOM)
    await world.on(MINUTE)
    assert world.carrier.starts == []


async def test_a_workflow_that_reports_its_own_branch_is_an_echo():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    told = {"source": "github", "repository": "harbor/web", "environment": "staging", "sha": SHA, "ref": "main"}
    await world.hear(reported(world, RunState.PASSED, "5", **told))
    assert (await world.get(Slot, "web/staging")).live is None

    await world.hear(run_is(RunState.PASSED))
    world.clock.move(MINUTE)
    await world.hear(reported(world, RunState.PASSED, "5", **told))
    assert [one.id for one in await world.find(Deployment, service="web")] == [id]
    assert (await world.get(Slot, "web/staging")).live.name == "v1.4.0"

    world.clock.move(timedelta(hours=1))
    await world.hear(reported(world, RunState.PASSED, "6", **told))
    assert (await world.get(Slot, "web/staging")).live.name == "main"


def echo(world: Abroad, state: RunState) -> DeploymentReported:
    """What a workflow's own environment reports: the commit of the branch that the workflow is on."""
    told = {"source": "github", "repository": "harbor/web", "environment": "staging", "sha": SHA, "ref": "main"}
    return reported(world, state, "5", **told)


@pytest.mark.parametrize("state", [RunState.PASSED, RunState.FAILED])
async def test_an_echo_that_comes_when_the_next_one_runs_is_an_echo_still(state: RunState):
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    late = echo(world, state)
    world.clock.move(MINUTE / 6)
    await world.hear(run_is(state))
    world.clock.move(MINUTE / 6)
    world.carrier.start_says, world.carrier.says = Taken(RUN + "8", URL), Report(RunState.RUNNING)
    other = await ask(world, "v1.4.1", "staging")
    await world.on(MINUTE)
    await world.hear(late)

    assert [one.id for one in await world.find(Deployment, service="web")] == [id, other]


async def test_an_echo_of_a_start_that_was_cut_is_an_echo_too():
    world = Abroad()
    world.carrier.start_says = Unsure("GitHub cut the connection")
    id = await ask(world, environment="staging")
    await world.on(MINUTE)
    await world.hear(echo(world, RunState.FAILED))

    assert [one.id for one in await world.find(Deployment, service="web")] == [id]


async def test_an_echo_of_the_run_before_is_an_echo_when_it_runs_once_more():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    late = echo(world, RunState.FAILED)
    await world.hear(run_is(RunState.FAILED))
    world.clock.move(MINUTE)
    world.carrier.start_says, world.carrier.says = Taken(RUN + "8", URL), Report(RunState.RUNNING)
    await press(world, "retry", id, MEI)
    await world.on(MINUTE)
    await world.hear(late)

    assert (await world.deployment(id)).run == 2
    assert [one.id for one in await world.find(Deployment, service="web")] == [id]


async def test_only_what_says_the_same_of_this_run_settles_what_nobody_knows():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    before = reported(
        world,
        RunState.PASSED,
        "6",
        source="cdevents",
        environment="staging",
        sha=world.host.sha("v1.4.0"),
        ref="main",
    )
    before = replace(before, repository="harbor/web")
    world.clock.move(MINUTE)
    await world.hear(run_is(RunState.FAILED))
    world.carrier.start_says, world.carrier.says = Taken(RUN + "8", URL), HostUnreachable("GitHub answered 502")
    world.carrier.can_stop = False
    await press(world, "retry", id, MEI)
    await world.on(23 * MINUTE)
    assert (await world.deployment(id)).state is State.UNKNOWN

    await world.hear(echo(world, RunState.PASSED))  # this run's, or of something else that GitHub brought
    await world.hear(before)
    assert (await world.deployment(id)).state is State.UNKNOWN
    await world.hear(replace(before, at=world.clock.now()))
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_who_asks_anew_for_what_is_next_is_told_that_it_runs():
    world = Abroad()
    await ask(world, environment="staging")
    await world.on()
    id = await ask(world, "v1.4.1", "staging")
    assert world.said[f"deployment:{id}:next"].to == TOM.id
    until = world.clock.now() + timedelta(hours=1)
    await world.use(command, "freeze", by=MEI, environment="staging", end=until, reason="audit")
    asked = {"service": "web", "version": "v1.4.1", "environment": "staging", "reason": "it has to be"}
    await world.use(command, by=MEI, **asked)
    await press(world, "approve", id, ANA)
    await world.hear(run_is(RunState.PASSED))
    await world.on()

    assert (await world.deployment(id)).state is State.RUNNING
    assert world.said[f"deployment:{id}:next"].to == TOM.id
    assert world.said[f"deployment:{id}:next:anew"].to == MEI.id


async def test_the_late_answer_to_a_start_says_nothing_of_the_next_run():
    world = Abroad(HTTP)
    world.carrier.start_says, world.carrier.says = Taken("deploys:D-1/1"), None
    id = await ask(world, environment="staging")

    async def once_more() -> None:
        await world.hear(reported(world, RunState.FAILED, "D-1/1"))
        world.carrier.start_says = Taken("deploys:D-1/2")
        await press(world, "retry", id, MEI)
        (job,) = [one for one in world.jobs.values() if one.kind == "deploy.run" and one.args["run"] == 2]
        await world.do(job, deploy_run.run)

    world.carrier.meanwhile = once_more
    await world.on()

    assert [order.run for order in world.carrier.starts] == ["D-1/1", "D-1/2"]
    assert (await world.deployment(id)).reference == "deploys:D-1/2"


async def test_a_late_look_at_a_run_says_nothing_of_the_next_one():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    world.carrier.says = Report(RunState.FAILED)

    async def once_more() -> None:
        await world.hear(run_is(RunState.FAILED))
        world.carrier.start_says, world.carrier.says = Taken(RUN + "8", URL), Report(RunState.RUNNING)
        await press(world, "retry", id, MEI)
        (job,) = [one for one in world.jobs.values() if one.kind == "deploy.run"]
        await world.do(job, deploy_run.run)

    world.carrier.meanwhile = once_more
    await world.on(MINUTE)

    now = await world.deployment(id)
    assert (now.state, now.run, now.reference) == (State.RUNNING, 2, RUN + "8")


async def test_a_failure_that_is_told_after_the_success_is_said_and_undoes_nothing():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    await world.hear(run_is(RunState.PASSED))
    await world.hear(run_is(RunState.FAILED))

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert world.said[f"deployment:{id}:contradicted:1"].template == "deploy/contradicted"


async def test_a_run_that_is_found_late_is_not_called_lost():
    world = Abroad()
    world.carrier.start_says = Unsure("GitHub cut the connection")
    id = await ask(world, environment="staging")
    await world.on()
    world.clock.move(3 * MINUTE)  # we were away
    world.carrier.finds, world.carrier.says = Taken(RUN, URL), Report(RunState.RUNNING)
    await world.on(MINUTE)

    assert (await world.deployment(id)).state is State.RUNNING
    world.carrier.says = Report(RunState.PASSED)
    await world.on(MINUTE)
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_a_stop_that_is_refused_keeps_nobody_from_looking():
    world = Abroad()

    async def refuse(how: Elsewhere, order: Order) -> bool:
        raise HostUnreachable("the token lacks a right")

    world.carrier.stop = refuse  # type: ignore[method-assign]
    id = await ask(world, environment="staging")
    await world.on()
    await press(world, "cancel", id, MEI)
    world.carrier.says = Report(RunState.RUNNING)
    await world.on(MINUTE)
    assert card(world, id)["deployment"].carried.note == "I cannot stop it: the token lacks a right"
    world.carrier.says = Report(RunState.PASSED)
    await world.on(MINUTE)

    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_who_was_asked_to_stop_and_says_nothing_is_soon_for_a_person_to_look_at():
    world = Abroad(HTTP)
    world.carrier.start_says, world.carrier.says, world.carrier.can_stop = Taken("deploys:D-1/1"), None, False
    id = await ask(world, environment="staging")
    await world.on()
    await press(world, "cancel", id, MEI)
    await world.on(3 * MINUTE)

    assert (await world.deployment(id)).state is State.UNKNOWN
    await press(world, "settle", id, MEI, outcome="failed")
    assert (await world.get(Slot, "web/staging")).taken_by == ""


async def test_after_something_else_came_a_late_success_is_only_said():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    await world.hear(run_is(RunState.FAILED))
    world.carrier.start_says, world.carrier.says = Taken(RUN + "8", URL), Report(RunState.PASSED)
    other = await ask(world, "v1.4.1", "staging")
    await world.on(MINUTE)
    await world.hear(run_is(RunState.PASSED))

    assert (await world.deployment(id)).state is State.FAILED
    assert (await world.get(Slot, "web/staging")).live.deployment == other
    assert "deployment.contradicted" in world.kinds


async def test_a_success_that_comes_while_it_is_to_run_once_more_is_said_and_nothing_else():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    await world.hear(run_is(RunState.FAILED))
    until = world.clock.now() + timedelta(hours=1)
    await world.use(command, "freeze", by=MEI, environment="staging", end=until, reason="audit")
    await press(world, "retry", id, TOM)
    await world.hear(run_is(RunState.PASSED))

    assert (await world.deployment(id)).state is State.QUEUED
    assert (await world.get(Slot, "web/staging")).live is None
    assert world.said[f"deployment:{id}:contradicted:1"].template == "deploy/contradicted"


async def test_who_said_that_it_failed_is_not_named_as_having_seen_it_live():
    world = Abroad(HTTP)
    world.carrier.start_says, world.carrier.says = Unsure("it cut the connection"), None
    id = await ask(world, environment="staging")
    await world.on(23 * MINUTE)
    await press(world, "settle", id, MEI, outcome="failed")
    await world.hear(reported(world, RunState.PASSED, "D-1/1"))

    mended = card(world, id)["deployment"]
    assert (mended.state, mended.ended_by) == (State.SUCCEEDED, "")


async def test_a_service_that_the_team_file_forgot_has_failed_and_holds_nobody_up():
    world = Abroad()
    id = await ask(world, environment="staging")
    services = {name: one for name, one in world.team.services.items() if name != "web"}
    world.tools = replace(world.tools, team=replace(world.team, services=services))
    world.unit._team = world.tools.team
    await world.on()

    assert (await world.deployment(id)).state is State.FAILED
    assert (await world.get(Slot, "web/staging")).taken_by == ""


async def test_what_we_lost_sight_of_is_live_once_others_say_so():
    world = Abroad(HTTP)
    world.carrier.start_says, world.carrier.says = Unsure("it cut the connection"), None
    id = await ask(world, environment="staging")
    await world.on(23 * MINUTE)
    assert (await world.deployment(id)).state is State.UNKNOWN
    sha = world.host.sha("v1.4.0")
    told = {"source": "argocd", "environment": "staging", "sha": sha, "ref": "v1.4.0", "facts": {"service": "web"}}
    await world.hear(reported(world, RunState.PASSED, "web-staging@1", **told))

    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_what_has_been_live_by_others_is_not_called_failed_later():
    world = Abroad()
    told = {"source": "github", "repository": "harbor/web", "environment": "staging", "sha": SHA, "ref": "v1.4.0"}
    await world.hear(reported(world, RunState.FAILED, "5", **told))
    world.clock.move(MINUTE)
    await world.hear(reported(world, RunState.PASSED, "5", **told))
    world.clock.move(MINUTE)
    await world.hear(reported(world, RunState.FAILED, "5", **told))

    (one,) = await world.find(Deployment, service="web")
    assert one.state is State.SUCCEEDED
    assert (await world.get(Slot, "web/staging")).live.deployment == one.id


async def test_authors_hear_of_what_others_deployed_and_took_back():
    world = Abroad()
    told = {"source": "github", "repository": "harbor/web", "environment": "vault", "actor": "luis"}
    for n, version in enumerate(("v1.3.9", "v1.4.0", "v1.3.9")):
        world.clock.move(MINUTE)
        told |= {"sha": world.host.sha(version), "ref": version}
        await world.hear(reported(world, RunState.PASSED, str(n), **told))
        await world.later(MINUTE, reported_by_others.look_what_shipped)

    first, second, third = await world.find(Deployment, service="web")
    assert (second.ships.count, second.ships.since) == (3, "v1.3.9")
    assert (third.rolls_back, third.ships.count, third.ships.goes_back) == (second.id, 3, True)
    mine = [said.context["deployment"].id for key, said in world.said.items() if key.endswith(f":yours:{ANA.id}")]
    assert mine == [second.id, third.id]
    assert first.ships.count is None  # nothing was known to be live before it
    assert card(world, second.id)["replaced_by"].deployment == third.id


ARGO = {"source": "argocd", "environment": "staging", "repository": "harbor/manifests"}


def synced(world: Abroad, revision: str, version: str, state: RunState = RunState.PASSED) -> DeploymentReported:
    facts = {"service": "web", "version": version}
    return reported(world, state, f"web-staging@{revision}", sha=SHA, ref=version, facts=facts, **ARGO)


async def test_a_revision_that_argo_brings_again_is_live_again():
    world = Abroad()
    for revision, version in (("a", "v1.3.9"), ("b", "v1.4.0"), ("a", "v1.3.9"), ("a", "v1.3.9")):
        world.clock.move(MINUTE)
        await world.hear(synced(world, revision, version))

    first, second, third = await world.find(Deployment, service="web")
    assert (await world.get(Slot, "web/staging")).live.deployment == third.id
    assert (third.rolls_back, third.version, first.rolls_back) == (second.id, "v1.3.9", "")
    world.clock.move(MINUTE)
    await world.hear(synced(world, "a", "v1.4.1"))  # the same revision with a new image
    assert (await world.get(Slot, "web/staging")).live.name == "v1.4.1"


async def test_what_failed_here_and_is_live_after_all_is_live():
    world = Harbour()
    world.target.ends = Finished(None, timed_out=True)
    id = await ask(world, environment="staging")
    await world.run_due()
    assert (await world.deployment(id)).state is State.FAILED
    event = synced(world, "a", "v1.4.0")  # type: ignore[arg-type]
    world.clock.move(MINUTE)
    later = replace(event, at=world.clock.now())
    await world.happen(later, reported_by_others.deployment_reported)

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert (await world.get(Slot, "web/staging")).live.deployment == id


async def test_another_deployment_on_the_same_host_is_news():
    world = Abroad(GitHubDeployment())
    world.carrier.start_says = Taken("github:harbor/web/deployments/8", URL)
    id = await ask(world, environment="staging")
    await world.on()
    told = {"source": "github", "repository": "Harbor/web", "environment": "staging"}
    await world.hear(reported(world, RunState.PASSED, "8", sha=world.host.sha("v1.4.0"), ref="v1.4.0", **told))
    world.clock.move(MINUTE)
    await world.hear(reported(world, RunState.PASSED, "9", sha=SHA, ref="main", **told))

    assert (await world.deployment(id)).state is State.SUCCEEDED
    assert (await world.get(Slot, "web/staging")).live.name == "main"


async def test_a_try_that_another_one_has_followed_is_not_heard():
    world = Abroad()
    id = await ask(world, environment="staging")
    await world.on()
    await world.hear(run_is(RunState.FAILED))
    await world.hear(replace(run_is(RunState.PASSED), attempt=2))
    assert (await world.deployment(id)).state is State.SUCCEEDED

    await world.hear(run_is(RunState.FAILED))  # of the first try, overtaken on its way
    assert world.kinds.count("deployment.contradicted") == 1
    await world.hear(replace(run_is(RunState.FAILED), attempt=3))
    await world.hear(replace(run_is(RunState.PASSED), attempt=2))
    assert world.kinds.count("deployment.contradicted") == 2
    assert (await world.deployment(id)).carried.attempt == 3


@pytest.mark.parametrize("how", [WORKFLOW, HTTP, GitHubDeployment()], ids=lambda how: type(how).__name__)
async def test_a_branch_that_moves_while_it_waits_in_the_queue_begins_nowhere_until_it_is_approved_anew(
    how: Elsewhere,
):
    world = Abroad(how)
    world.host.move("main", "feat: one")
    first = await ask(world, "v1.4.0")
    await press(world, "approve", first, ANA)
    await world.on()  # it runs, so that the next one waits in the queue
    id = await ask(world, "main")
    await press(world, "approve", id, ANA)
    was = (await world.deployment(id)).sha
    world.host.move("main", "fix: two")
    world.carrier.says = Report(RunState.PASSED)
    await world.on(MINUTE)
    await world.on(MINUTE)

    now = await world.deployment(id)
    assert [order.values["deployment"] for order in world.carrier.starts] == [first]
    assert (now.state, now.moved_from, now.sha) == (State.WAITING, was, world.host.sha("main"))
    await press(world, "approve", id, MEI)
    await world.on()
    order = world.carrier.starts[-1]
    assert [order.values[name] for name in ("deployment", "sha", "version")] == [id, now.sha, now.sha]


async def test_a_rollback_elsewhere_names_the_commit_that_was_live():
    world = Abroad(HTTP)
    world.host.move("main", "feat: one")
    was = world.host.sha("main")
    for version in ("main", "v1.4.0"):
        id = await ask(world, version)
        await press(world, "approve", id, ANA)
        await world.on()
        await world.hear(reported(world, RunState.PASSED, f"{id}/1"))
    world.host.move("main", "fix: two")

    await press(world, "rollback", id, TOM)
    await world.on()
    assert [world.carrier.starts[-1].values[name] for name in ("sha", "version")] == [was, was]
