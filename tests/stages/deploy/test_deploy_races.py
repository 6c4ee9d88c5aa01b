"""Clicks and workers at the same instant, on real databases: one start, one quorum, one winner."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.core.approvals import Decision
from bot.core.events import PipelineChanged, RunState
from bot.core.jobs import Due, Job, Outcome
from bot.core.messages import Rendered
from bot.core.people import Person
from bot.core.ports import Charts, Tools
from bot.core.refusals import NotAllowed, Refusal
from bot.core.team import Environment, Repository
from bot.stages.build import runs
from bot.stages.deploy import cards as news
from bot.stages.deploy import recheck, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.look_up_version import Found
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished, Target
from bot.stages.deploy.model.slot import Slot
from bot.storage.outbox.tables import outbox
from bot.storage.queues.jobs import Jobs
from bot.storage.work.unit_of_work import UnitOfWork
from tests.fakes import MEI, NOON, TOM, FakeCharts, FakeClock, FakeDirectory
from tests.stages.deploy.deploying import EVERYONE, ScriptedTarget

CROWD = [Person(f"U{n:04}", f"P{n}") for n in range(6)]


CHECKED = Environment("checked", 3, approvals=1, checks=("ci",))
CI_KNOWN = Repository(github="harbor/web")  # whose checks count
TEAM = replace(
    EVERYONE,
    environments={**EVERYONE.environments, "checked": CHECKED},
    services={
        **EVERYONE.services,
        "checked": replace(EVERYONE.services["web"], name="checked", repository=CI_KNOWN),
    },
)
SHA = "1" * 40


def rendered(template: str, context: Any) -> Rendered:
    """The template's name, and how the deployment in it stands."""
    return Rendered(" ".join([template, *([str(context["deployment"].state)] if "deployment" in context else [])]))


def tools_on(database: Any, target: ScriptedTarget) -> Tools:
    unit: Any = UnitOfWork(database, team=TEAM, render=rendered)
    return Tools(
        unit,
        FakeClock(),
        FakeDirectory(),
        TEAM,
        {Target: target, Charts: FakeCharts()},
    )


@pytest.fixture
async def side_by_side(postgres_server: Any, open_database: Any) -> Any:
    """A database on which transactions wait only for rows that they share."""
    return await open_database(postgres_server.fresh(), "replica-1")


async def somebody_waits(database: Any) -> None:
    """Until a transaction waits for another one."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while True:
        async with database.read() as conn:
            if await conn.scalar(waiting):
                return


async def test_of_many_approvals_at_once_only_the_quorum_counts_and_one_run_starts(database: Any):
    target = ScriptedTarget()
    tools = tools_on(database, target)
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "vault", TOM))

    async def click(person: Person, decision: Decision) -> Any:
        return await tools.unit.run(lambda work: request.decide(work, asked.id, decision, person))

    clicks = [click(person, Decision.APPROVE) for person in (*CROWD, TOM, CROWD[0])]
    results = await asyncio.gather(*clicks, return_exceptions=True)

    assert len([one for one in results if isinstance(one, Deployment)]) == 2
    assert all(isinstance(one, Deployment | Refusal) for one in results)
    args = {"deployment": asked.id, "run": 1}
    due = Due(Job("deploy.run", "deploy.run", NOON, args), timedelta(), 1)
    outcomes = await asyncio.gather(*(deploy_run.run(tools, due) for _ in range(4)))
    assert len(target.runs) == 1
    assert outcomes.count(Outcome.NOOP) >= 3
    async with tools.unit() as work:
        ended = await work.get(Deployment, asked.id)
    assert ended is not None
    assert len(ended.approval.approvals) == 2
    assert ended.state is State.SUCCEEDED


async def test_somebody_who_clicks_twice_at_once_counts_once(database: Any):
    tools = tools_on(database, ScriptedTarget())
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "vault", TOM))

    async def click() -> Any:
        return await tools.unit.run(lambda work: request.decide(work, asked.id, Decision.APPROVE, MEI))

    results = await asyncio.gather(click(), click(), return_exceptions=True)

    assert [type(one) for one in results if isinstance(one, Exception)] == [NotAllowed]
    async with tools.unit() as work:
        now = await work.get(Deployment, asked.id)
    assert now is not None
    assert [vote.by for vote in now.approval.votes] == [MEI.id]
    assert now.state is State.WAITING


async def test_approving_and_refusing_at_once_end_in_one_of_the_two(database: Any):
    tools = tools_on(database, ScriptedTarget())
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "production", TOM))

    results = await asyncio.gather(
        tools.unit.run(lambda work: request.decide(work, asked.id, Decision.APPROVE, MEI)),
        tools.unit.run(lambda work: request.decide(work, asked.id, Decision.REFUSE, CROWD[0])),
        return_exceptions=True,
    )

    winners = [one for one in results if isinstance(one, Deployment)]
    assert len(winners) == 1
    async with tools.unit() as work:
        now = await work.get(Deployment, asked.id)
    assert now == winners[0]


@pytest.mark.parametrize("seed", range(3))
async def test_two_replicas_and_chance_start_each_deployment_once_with_its_quorum(database: Any, seed: int):
    """A smaller run of what ``interleaving`` does in memory, on real databases with their real locks."""
    chance = Random(seed)  # noqa: S311  nothing secret
    target = ScriptedTarget()
    replicas = [tools_on(database, target) for _ in range(2)]
    ids: list[str] = []
    for n in range(6):
        version, place = f"v{n}", ("vault", "production")[n % 2]
        asked = await replicas[0].unit.run(lambda work, v=version, p=place: request.request(work, "web", v, p, TOM))
        ids.append(asked.id)

    sure = await replicas[1].unit.run(lambda work: request.request(work, "web", "sure", "production", TOM))

    async def act(id: str, who: Person) -> Any:
        tools = chance.choice(replicas)
        kind = chance.choice(("approve", "approve", "approve", "refuse", "cancel"))
        if kind == "cancel":
            return await tools.unit.run(lambda work: request.cancel(work, id, who))
        return await tools.unit.run(lambda work: request.decide(work, id, Decision(kind), who))

    async def carry_out(id: str) -> Any:
        due = Due(Job("deploy.run", "deploy.run", NOON, {"deployment": id, "run": 1}), timedelta(), 1)
        return await deploy_run.run(chance.choice(replicas), due)

    doing = [act(chance.choice(ids), who) for who in CROWD for _ in range(4)]
    doing += [carry_out(id) for id in ids for _ in range(2)]
    doing.append(replicas[1].unit.run(lambda work: request.decide(work, sure.id, Decision.APPROVE, MEI)))
    ids.append(sure.id)
    chance.shuffle(doing)
    results = await asyncio.gather(*doing, return_exceptions=True)
    for _ in ids:  # whose turn comes when another one's has ended
        results += [await carry_out(id) for id in ids]

    assert [one for one in results if isinstance(one, Exception) and not isinstance(one, Refusal)] == []
    starts = Counter(run["deployment"] for run in target.runs)
    assert starts[sure.id] == 1
    assert max(starts.values()) == 1
    async with replicas[1].unit() as work:
        now = {id: await work.get(Deployment, id) for id in ids}
    for id, one in now.items():
        assert one is not None
        assert one.state not in (State.QUEUED, State.RUNNING, State.UNKNOWN)
        assert (starts[id] == 1) == one.approval.is_given or one.state is State.CANCELLED


async def test_a_check_that_passes_while_the_last_yes_is_given_lets_it_start(side_by_side: Any):
    tools = tools_on(side_by_side, ScriptedTarget())
    asked = await tools.unit.run(
        lambda work: request.request(work, "checked", "v1", "checked", TOM, found=Found(SHA))
    )
    passed = PipelineChanged("github", "harbor/web", "1", 1, "ci", 1, "main", SHA, RunState.PASSED, NOON)

    async def tell(work: Any) -> None:
        await runs.pipeline_changed(work, passed)
        await recheck.checked(work, passed)

    async with tools.unit() as work:  # has not seen that the check passed
        approved = await request.decide(work, asked.id, Decision.APPROVE, MEI)
        telling = asyncio.create_task(tools.unit.run(tell))  # has not seen that it is approved
        await somebody_waits(side_by_side)
    await telling

    assert approved.state is State.QUEUED
    async with tools.unit() as work:
        slot = await work.get(Slot, "checked/checked")
    assert slot is not None
    assert slot.taken_by == asked.id
    assert await Jobs(side_by_side, "somebody").next_due() == NOON  # to run, and not only to expire


async def test_a_cancelled_one_that_redraws_its_queue_and_a_click_in_that_queue_wait_in_one_order(
    side_by_side: Any,
):
    """The queue's cards were drawn after the slot was locked, and a click took its own deployment first: a circle."""
    tools = tools_on(side_by_side, ScriptedTarget())
    first, second = [
        await tools.unit.run(lambda work, v=version: request.request(work, "web", v, "staging", TOM))
        for version in ("v1", "v2")
    ]
    tries: list[str] = []

    async def cancel_first(work: Any) -> None:
        tries.append(first.id)
        await request.cancel(work, first.id, TOM)

    async with tools.unit() as work:
        await work.get(Deployment, second.id)
        cancelling = asyncio.create_task(tools.unit.run(cancel_first))
        await somebody_waits(side_by_side)
        await request.cancel(work, second.id, MEI)
    await cancelling

    assert tries == [first.id]
    async with tools.unit() as work:
        both = [await work.get(Deployment, one.id) for one in (first, second)]
    assert [one and one.state for one in both] == [State.CANCELLED, State.CANCELLED]


@pytest.mark.parametrize("found_first", [True, False])
async def test_the_slot_is_locked_before_its_deployments(side_by_side: Any, found_first: bool):
    tools = tools_on(side_by_side, ScriptedTarget())
    one, other = [
        await tools.unit.run(lambda work, v=version: request.request(work, "web", v, "staging", TOM))
        for version in ("v1", "v2")
    ]

    async def look_at(work: Any) -> None:
        if found_first:
            await work.find(Deployment, service="web")
        await work.get(Deployment, other.id)

    async with tools.unit() as work:
        await work.get(Deployment, one.id)
        waiting = asyncio.create_task(tools.unit.run(look_at))
        seen = asyncio.create_task(somebody_waits(side_by_side))
        await asyncio.wait({waiting, seen}, return_when=asyncio.FIRST_COMPLETED)
        assert not waiting.done()
    await asyncio.gather(waiting, seen)


async def test_a_card_drawn_from_a_list_shows_what_was_committed_since_the_list_was_read(side_by_side: Any):
    tools = tools_on(side_by_side, ScriptedTarget())
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "production", TOM))

    async with tools.unit() as work:
        (listed,) = await work.find(Deployment, service="web")
        await asyncio.create_task(tools.unit.run(lambda other: request.cancel(other, asked.id, TOM)))
        await news.show(work, listed, Slot.of("web", "production"))

    async with side_by_side.read() as conn:
        card = await conn.scalar(select(outbox.c.text).where(outbox.c.key == f"deployment:{asked.id}"))
    assert listed.state is State.WAITING
    assert card == "deploy/card cancelled"


def run_of(deployment: str, run: int) -> Due:
    """The job of this run, as a worker claims it."""
    return Due(Job("deploy.run", "deploy.run", NOON, {"deployment": deployment, "run": run}), timedelta(), 1)


async def test_a_job_that_is_left_over_from_an_earlier_turn_starts_nothing(database: Any):
    target = ScriptedTarget()
    target.ends = Finished(1)
    tools = tools_on(database, target)
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "staging", TOM))
    await deploy_run.run(tools, run_of(asked.id, 1))
    await tools.unit.run(lambda work: request.retry(work, asked.id, TOM))

    assert await deploy_run.run(tools, run_of(asked.id, 1)) is Outcome.NOOP
    assert len(target.runs) == 1
    assert await deploy_run.run(tools, run_of(asked.id, 2)) is Outcome.DONE
    assert len(target.runs) == 2


async def test_the_end_of_a_run_that_was_given_up_does_not_end_the_one_after_it(database: Any):
    target, over = ScriptedTarget(), asyncio.Event()
    tools = tools_on(database, target)
    asked = await tools.unit.run(lambda work: request.request(work, "web", "v1", "staging", TOM))
    after: list[asyncio.Task[Any]] = []

    async def meanwhile() -> None:
        if len(target.runs) == 2:
            await over.wait()
            return
        await deploy_run.run(tools, run_of(asked.id, 1))  # another replica takes us for gone
        await tools.unit.run(lambda work: request.retry(work, asked.id, TOM))
        after.append(asyncio.create_task(deploy_run.run(tools, run_of(asked.id, 2))))
        while len(target.runs) < 2:
            await asyncio.sleep(0)

    target.meanwhile = meanwhile
    first = await deploy_run.run(tools, run_of(asked.id, 1))
    async with tools.unit() as work:
        now = await work.get(Deployment, asked.id)
    target.ends = Finished(1)
    over.set()
    second = await after[0]

    assert now is not None
    assert (first, now.state, now.run) == (Outcome.NOOP, State.RUNNING, 2)
    assert second is Outcome.DONE
    async with tools.unit() as work:
        ended = await work.get(Deployment, asked.id)
    assert ended is not None
    assert (ended.state, ended.exit_code) == (State.FAILED, 1)
