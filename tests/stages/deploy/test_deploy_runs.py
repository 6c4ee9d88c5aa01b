"""While it runs and afterwards: turns, failures, rollbacks, interruptions, stops, locks."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.refusals import Refusal, Stale
from bot.core.stages import Stage
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import State
from bot.stages.deploy.model.ports import Finished
from bot.stages.deploy.model.slot import Slot
from bot.stages.plan.model.change import Change
from bot.team.environments import locks
from commands.deploy import command
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
from tests.stages.deploy.deploying import HOUR, Harbour, ask, begin, card, go_live, not_done, press


async def test_one_runs_and_the_others_wait_in_order():
    world = Harbour()
    first = await ask(world, "v1.3.9", "staging")
    world.clock.move(HOUR)
    second = await ask(world, "v1.4.0", "staging")
    world.clock.move(HOUR)
    third = await ask(world, "v1.4.1", "staging")

    assert card(world, second)["ahead"].id == first
    seen: list[tuple[State, State]] = []

    async def look() -> None:
        seen.append(((await world.deployment(second)).state, (await world.deployment(third)).state))

    world.target.meanwhile = look
    await world.run_due()

    assert [run["version"] for run in world.target.runs] == ["v1.3.9", "v1.4.0", "v1.4.1"]
    assert seen[0] == (State.QUEUED, State.QUEUED)
    assert seen[1] == (State.RUNNING, State.QUEUED)
    assert card(world, first)["replaced_by"].name == "v1.4.0"
    assert card(world, third)["back_to"].name == "v1.4.0"


async def test_a_failure_shows_its_end_and_can_be_retried_or_rolled_back():
    world = Harbour()
    await go_live(world, "v1.3.9")
    world.target.ends, world.target.lines = Finished(3), [f"line {n}" for n in range(100)]
    id = await ask(world)
    await press(world, "approve", id, ANA)
    await world.run_due()

    failed = card(world, id)
    assert (failed["deployment"].state, failed["deployment"].exit_code) == (State.FAILED, 3)
    assert failed["deployment"].tail[-1] == "line 99"
    assert failed["can_retry"]
    assert failed["back_to"].name == "v1.3.9"
    assert world.said[f"deployment:{id}/1:ended:#deploys"].template == "deploy/failed"
    assert (await world.get(Slot, "web/production")).live.name == "v1.3.9"

    world.target.ends = Finished(0)
    await press(world, "retry", id, MEI)
    await world.run_due()
    assert card(world, id)["deployment"].run == 2
    assert card(world, id)["deployment"].state is State.SUCCEEDED
    assert "deployment.retried" in world.kinds


async def test_a_rollback_needs_no_approval_passes_locks_and_takes_the_changes_back():
    world = Harbour()
    await world.add(Change(title="Rounding", created_by=ANA.id, created_at=NOON))
    await go_live(world, "v1.3.9")
    id = await go_live(world, "v1.4.0")
    await world.use(command, "lock", by=ANA, environment="production")

    await press(world, "rollback", id, MEI)
    assert not card(world, id)["back_to"]  # pressed once is enough
    assert "D-3 is about to run" in await not_done(world, "rollback", id, LUIS)
    await world.run_due()

    assert world.target.runs[-1]["version"] == "v1.3.9"
    assert world.target.runs[-1]["sha"] == world.host.sha("v1.3.9")
    assert (await world.get(Slot, "web/production")).live.name == "v1.3.9"
    assert card(world, id)["replaced_by"].name == "v1.3.9"
    assert (await world.get(Change, "C-1")).stage is Stage.RELEASE


async def test_an_old_card_cannot_roll_back_what_came_after():
    world = Harbour()
    await go_live(world, "v1.3.9")
    old = await go_live(world, "v1.4.0")
    await go_live(world, "v1.4.1")

    assert card(world, old)["back_to"] is None
    assert "has moved on" in await not_done(world, "rollback", old, MEI)


async def test_a_run_found_running_is_not_started_again_but_asked_about():
    world = Harbour()
    id = await ask(world, environment="staging")
    job = next(iter(world.jobs.values()))

    running = asyncio.Event()

    async def hang() -> None:
        running.set()
        await asyncio.Event().wait()

    world.target.meanwhile = hang
    doing = asyncio.create_task(world.do(job, deploy_run.run))
    await running.wait()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert (await world.deployment(id)).state is State.RUNNING
    assert world.target.closed == 1

    await world.do(job, deploy_run.run)  # after the restart

    assert len(world.target.runs) == 1
    assert card(world, id)["deployment"].state is State.UNKNOWN
    assert world.said[f"deployment:{id}:interrupted:1"].thread_of == f"deployment:{id}"
    assert await ask(world, "v1.4.1", "staging")
    world.target.meanwhile = None
    await world.run_due()
    assert len(world.target.runs) == 1  # nothing passes it until somebody has looked


@pytest.mark.parametrize(
    ("verb", "more", "state", "runs"),
    [
        ("settle", {"outcome": "live"}, State.SUCCEEDED, 2),
        ("settle", {"outcome": "failed"}, State.FAILED, 2),
        ("retry", {}, State.SUCCEEDED, 3),
    ],
)
async def test_after_a_person_looked_the_queue_goes_on(verb, more, state, runs):
    world = Harbour()
    id = await ask(world, environment="staging")
    job = next(iter(world.jobs.values()))
    await begin(world, job)
    world.target.runs.append({"version": "the run that was lost"})
    await world.do(job, deploy_run.run)
    world.clock.move(HOUR)
    other = await ask(world, "v1.4.1", "staging")

    await press(world, verb, id, MEI, **more)
    await world.run_due()

    assert (await world.deployment(id)).state is state
    assert (await world.deployment(other)).state is State.SUCCEEDED
    assert len(world.target.runs) == runs


async def test_stopping_ends_the_command_and_is_a_failure(monkeypatch):
    monkeypatch.setattr(deploy_run, "PROGRESS_EVERY", timedelta(milliseconds=1))
    world = Harbour()
    id = await ask(world, environment="staging")

    async def stop_and_hang() -> None:
        await press(world, "cancel", id, MEI)
        await asyncio.Event().wait()

    world.target.meanwhile = stop_and_hang
    await world.run_due()

    assert world.target.closed == 1
    assert card(world, id)["deployment"].state is State.FAILED
    assert card(world, id)["deployment"].stop_asked_by == MEI.id


async def test_progress_is_one_message_that_is_edited(monkeypatch):
    monkeypatch.setattr(deploy_run, "PROGRESS_EVERY", timedelta(milliseconds=1))
    world = Harbour()
    id = await ask(world, environment="staging")

    async def until_told() -> None:
        while f"deployment:{id}:run:1" not in world.said:
            await asyncio.sleep(0.001)

    world.target.meanwhile = until_told
    await world.run_due()

    edits = [said.context["deployment"].state for said in world.log if said.key == f"deployment:{id}:run:1"]
    assert edits == [State.RUNNING, State.SUCCEEDED]


async def test_a_lock_refuses_others_and_lets_its_owner_pass():
    world = Harbour()
    waiting = await ask(world)
    await world.use(command, "lock", by=MEI, environment="production", reason="freeze")

    with pytest.raises(Refusal, match="production is locked by Mei for 4 h more: “freeze”"):
        await ask(world, "v1.4.1", by=LUIS)
    assert "locked by Mei" in await not_done(world, "approve", waiting, ANA)
    with pytest.raises(Stale, match="locked already by Mei"):
        await world.use(command, "lock", by=ANA, environment="production")
    await ask(world, "v1.4.1", by=MEI)
    await press(world, "approve", waiting, MEI)  # she who locked it says yes
    await world.run_due()
    assert (await world.deployment(waiting)).state is State.SUCCEEDED


async def test_what_waits_in_the_queue_starts_when_the_lock_ends():
    world = Harbour()
    first = await ask(world, "v1.3.9", "staging")
    second = await ask(world, "v1.4.0", "staging")
    await world.use(command, "lock", by=MEI, environment="staging", service="web")
    await world.run_due()
    for one in (first, second):  # also the one whose turn it was, as it had not begun
        assert (await world.deployment(one)).state is State.QUEUED
        assert [found.rule for found in card(world, one)["picture"].obstacles] == ["L-1"]

    await world.later(4 * HOUR, locks.expire, deploy_run.run)

    assert [run["deployment"] for run in world.target.runs] == [first, second]
    assert (await world.deployment(second)).state is State.SUCCEEDED
    assert world.kinds.count("lock.expired") == 1


async def test_taking_off_somebody_elses_lock_tells_them():
    world = Harbour()
    await world.use(command, "lock", by=MEI, environment="production")

    with pytest.raises(Refusal, match='Did you mean "/deploy unlock production"'):
        await world.use(command, "unlock", by=ANA, environment="production", service="web")
    await world.use(command, "unlock", by=ANA, environment="production")

    assert world.said["lock:L-1:taken_off"].to == MEI.id
    assert [job for job in world.jobs.values() if job.kind.startswith("lock.")] == []
    with pytest.raises(Refusal, match="no lock on production"):
        await world.use(command, "unlock", by=ANA, environment="production")


async def test_status_history_and_what_ships_are_readable():
    world = Harbour()
    await go_live(world, "v1.3.9")
    id = await ask(world)

    status = await world.use(command, "status", by=TOM)
    history = await world.use(command, "history", by=TOM, service="web")
    ships = await press(world, "ships", id, TOM)

    assert [slot.live.name for slot in status.context["slots"] if slot.live] == ["v1.3.9"]
    assert [one.id for one in status.context["coming"]] == [id]
    assert history.context["total"] == 2
    assert ships.context["deployment"].ships.count == 3
