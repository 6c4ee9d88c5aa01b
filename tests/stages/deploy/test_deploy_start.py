"""What runs is what was approved: when its turn comes, its branch or tag is read again, and a moved one never runs."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.deploy_targets import Command
from bot.core.events import DeploymentReported, RunState
from bot.core.refusals import Refusal, Stale
from bot.core.team import Repository
from bot.stages.code.model.ports import CodeHost
from bot.stages.deploy import recheck, start
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.ports import Finished
from bot.stages.deploy.model.reported_by_others import reported
from bot.stages.deploy.model.slot import Slot
from bot.team.environments import look_again
from bot.vendors.local.command import LocalCommand
from bot.vendors.local.git import LocalGit
from commands.deploy import command
from tests.fakes import ANA, LUIS, NOON, TOM
from tests.stages.deploy.deploying import EVERYONE, HOUR, Harbour, ask, card, go_live, press
from tests.vendors.code_hosts.repositories import git, make_repository

MINUTE = timedelta(minutes=1)


def harbour() -> Harbour:
    """A harbour whose ``main`` is a branch."""
    world = Harbour()
    world.host.move("main", "feat: one")
    return world


async def approved(world: Harbour, version: str = "main", place: str = "production") -> str:
    id = await ask(world, version, place)
    for person in (ANA, LUIS)[: world.team.environments[place].approvals]:
        await press(world, "approve", id, person)
    return id


async def test_a_branch_that_moved_before_its_start_goes_back_to_its_approvers_and_runs_nothing():
    world = harbour()
    before = world.host.sha("main")
    id = await approved(world, place="vault")
    world.host.move("main", "fix: two")
    await world.run_due()

    now = await world.deployment(id)
    assert world.target.runs == []
    assert (now.state, now.sha, now.moved_from) == (State.WAITING, world.host.sha("main"), before)
    assert (now.approval.votes, now.fell_away, now.sent_back) == ((), 2, 1)
    assert now.approval.expires_at == world.clock.now() + world.team.environments["vault"].expires_after
    assert now.ships.commits[0].subject == "fix: two"
    assert (await world.get(Slot, "web/vault")).taken_by == ""
    assert card(world, id)["deployment"] == now
    told = world.said[f"deployment:{id}:sent_back:0"]
    assert (told.thread_of, told.context["voters"]) == (f"deployment:{id}", [ANA.id, LUIS.id])
    for user in now.asked:
        assert world.said[f"deployment:{id}:ask:{user}"].context["deployment"] == now
    assert now.asked
    assert "deployment.moved" in world.kinds

    for person in (ANA, LUIS):
        await press(world, "approve", id, person)
    await world.run_due()
    assert [(run["sha"], run["version"]) for run in world.target.runs] == [(now.sha, now.sha)]


async def test_one_that_went_back_lapses_when_nobody_decides_anew():
    world = harbour()
    id = await approved(world)
    world.host.move("main", "fix: two")
    await world.run_due()
    await world.run_due(world.team.environments["production"].expires_after)

    assert (await world.deployment(id)).state is State.EXPIRED


async def test_what_waited_behind_one_that_moved_takes_its_turn():
    world = harbour()
    first = await approved(world)
    second = await approved(world, "v1.4.0")
    world.host.move("main", "fix: two")
    await world.run_due()
    await world.run_due(MINUTE)

    assert [run["deployment"] for run in world.target.runs] == [second]
    assert (await world.deployment(first)).state is State.WAITING


async def test_a_tag_that_moved_goes_back_and_one_that_stands_keeps_its_name():
    world = harbour()
    stands, moves = await approved(world, "v1.4.0", "vault"), await approved(world, "v1.4.1")
    world.host.move("v1.4.1", "fix: again")
    await world.run_due()

    assert [run["version"] for run in world.target.runs] == ["v1.4.0"]
    assert (await world.deployment(stands)).called == "v1.4.0"
    assert (await world.deployment(moves)).state is State.WAITING


async def test_what_nobody_approves_runs_the_commit_that_was_asked_for_by_its_sha():
    world = harbour()
    id = await ask(world, "main", "staging")
    asked = world.host.sha("main")
    world.host.move("main", "fix: two")
    await world.run_due()

    assert [(run["sha"], run["version"]) for run in world.target.runs] == [(asked, asked)]
    assert (await world.deployment(id)).state is State.SUCCEEDED


async def test_a_retry_of_a_branch_that_moved_goes_back_too():
    world = harbour()
    world.target.ends = Finished(1)
    id = await approved(world)
    await world.run_due()
    world.host.move("main", "fix: two")
    await press(world, "retry", id, TOM)
    await world.run_due()

    assert len(world.target.runs) == 1
    assert (await world.deployment(id)).state is State.WAITING


async def test_a_rollback_gives_the_commit_that_was_live_and_asks_nobody_where_its_branch_is_now():
    world = harbour()
    await go_live(world, "main")
    was = world.host.sha("main")
    latest = await go_live(world, "v1.4.1")
    world.host.move("main", "fix: two")
    await press(world, "rollback", latest, TOM)
    world.host.down = "GitHub did not answer within 15 s"
    await world.run_due()

    assert [world.target.runs[-1][name] for name in ("sha", "version")] == [was, was]
    assert (await world.get(Slot, "web/production")).live.sha == was


async def test_the_same_branch_at_another_commit_is_rolled_back_to_the_commit_before():
    world = harbour()
    id = await approved(world)
    waits = (await world.deployment(id)).sha
    await world.run_due()
    world.host.move("main", "fix: two")
    second = await ask(world, "main")
    await press(world, "approve", second, ANA)
    await world.run_due()

    before = (await world.deployment(second)).before
    assert before is not None
    assert before.sha == waits


async def test_where_the_code_host_is_down_it_waits_says_so_and_starts_once_it_is_back():
    world = harbour()
    id = await approved(world)
    world.host.down = "GitHub did not answer within 15 s"
    await world.run_due()

    held = await world.deployment(id)
    assert (held.state, world.target.runs) == (State.QUEUED, [])
    assert "GitHub did not answer" in held.note
    assert card(world, id)["deployment"] == held
    world.host.down = ""
    await world.run_due(MINUTE)

    assert [run["deployment"] for run in world.target.runs] == [id]
    assert (await world.deployment(id)).note == ""


async def test_where_the_code_host_stays_down_it_lapses_and_the_next_one_has_its_turn():
    world = harbour()
    id = await approved(world)
    world.host.down = "GitHub did not answer within 15 s"
    for _ in range(16):
        await world.run_due(MINUTE)

    now = await world.deployment(id)
    assert (now.state, world.target.runs) == (State.EXPIRED, [])
    assert "GitHub did not answer" in world.said[f"deployment:{id}:unseen:0"].context["deployment"].note
    assert (await world.get(Slot, "web/production")).taken_by == ""
    assert not [job for job in world.jobs.values() if job.kind == "deploy.run"]


async def test_a_branch_that_is_gone_does_not_run():
    world = harbour()
    id = await approved(world)
    world.host.history = [("" if ref == "main" else ref, said) for ref, said in world.host.history]
    await world.run_due()

    assert world.target.runs == []
    assert "main is there no more" in (await world.deployment(id)).note


async def test_a_push_while_it_waits_in_the_queue_never_reaches_the_command(tmp_path: Path):
    repository = make_repository(tmp_path / "web")
    deployed = tmp_path / "deployed"
    script = 'git -C "$1" rev-parse --verify "$2^{commit}" > "$3"'
    command = Command(("sh", "-c", script, "deploy", str(repository), "{version}", str(deployed)))
    web = replace(EVERYONE.services["web"], repository=Repository(git=str(repository)), deploy=command)
    target: Any = LocalCommand()
    world = Harbour(team=replace(EVERYONE, services={**EVERYONE.services, "web": web}), target=target)
    world.tools = world.tools.with_ports({CodeHost: LocalGit()})
    seen = git(repository, "rev-parse", "main")
    id = await approved(world)
    git(repository, "commit", "-q", "--allow-empty", "-m", "feat: nobody looked at this")
    pushed = git(repository, "rev-parse", "main")
    await world.run_due()

    assert not deployed.exists()
    assert ((await world.deployment(id)).state, (await world.deployment(id)).sha) == (State.WAITING, pushed)
    await press(world, "approve", id, ANA)
    seen_again = await start.look_before_start(world.tools, id)
    git(repository, "commit", "-q", "--allow-empty", "-m", "feat: nor at this")
    await _start(world, seen_again)

    assert deployed.read_text().strip() == pushed
    assert pushed != seen


async def _start(world: Harbour, seen: Any) -> None:
    """Start what is due with a look from just before the push, which the command may race with."""
    job = next(job for job in world.jobs.values() if job.kind == "deploy.run")
    look = start.look_before_start

    async def earlier(*_: Any) -> Any:
        return seen

    start.look_before_start = earlier
    try:
        await world.do(job, deploy_run.run)
    finally:
        start.look_before_start = look


async def test_what_a_freeze_held_is_read_again_once_it_is_over():
    world = harbour()
    id = await approved(world, place="vault")
    await world.use(command, "freeze", by=ANA, environment="vault", end=world.clock.now() + HOUR, reason="audit")
    await world.run_due()
    assert (await world.deployment(id)).state is State.QUEUED
    world.host.move("main", "fix: two")
    await world.use(command, "thaw", by=ANA, environment="vault")
    for _ in range(3):
        await world.later(MINUTE, deploy_run.run, look_again.when_it_moved, recheck.look_again)

    assert ((await world.deployment(id)).state, world.target.runs) == (State.WAITING, [])


@pytest.mark.parametrize(
    ("typed", "name"), [("refs/heads/main", "main"), ("heads/main", "main"), ("refs/tags/v1.4.0", "v1.4.0")]
)
async def test_a_ref_in_full_is_the_same_version_as_its_name(typed: str, name: str):
    world = harbour()
    id = await ask(world, typed)

    assert (await world.deployment(id)).version == name
    with pytest.raises(Stale, match="is the same already"):
        await ask(world, name)


async def test_a_name_that_is_both_a_tag_and_a_branch_has_to_say_which(tmp_path: Path):
    repository = make_repository(tmp_path / "web")
    git(repository, "tag", "both", "main~2")
    git(repository, "branch", "both", "main")
    web = replace(EVERYONE.services["web"], repository=Repository(git=str(repository)))
    world = Harbour(team=replace(EVERYONE, services={**EVERYONE.services, "web": web}))
    world.tools = world.tools.with_ports({CodeHost: LocalGit()})

    with pytest.raises(Refusal, match="both means more than one commit of web"):
        await ask(world, "both", "staging")
    tag = await world.deployment(await ask(world, "refs/tags/both", "staging"))
    assert (tag.version, tag.sha) == ("tags/both", git(repository, "rev-parse", "main~2"))
    with pytest.raises(Stale, match="is the same already"):
        await ask(world, "tags/both", "staging")
    branch = await world.deployment(await ask(world, "heads/both", "vault"))
    assert (branch.version, branch.sha) == ("heads/both", git(repository, "rev-parse", "main"))
    await world.run_due()
    assert [run["version"] for run in world.target.runs] == ["tags/both"]


async def test_what_others_report_by_its_full_ref_is_the_version_of_that_name():
    event = DeploymentReported(
        "github", "org/web", "7", "staging", RunState.PASSED, "1" * 40, "refs/heads/main", "tom-dev", NOON
    )
    told = reported(event, "web", "staging", None, "", "github:org/web/deployments/7")

    assert told is not None
    assert told.version == "main"
