"""Pipelines, pull requests, pushes: from a captured delivery to channel, change and passport."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import AlertFired, Event
from bot.core.refusals import Refusal, Unknown
from bot.core.stages import Stage
from bot.core.team import Repository, Service, Team
from bot.stages.build import runs
from bot.stages.build.model.run import Purpose, Run
from bot.stages.code import pull_requests
from bot.stages.deploy import reported_by_others
from bot.stages.flow.board import SHOWN, board
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change
from bot.vendors.github.webhook import source
from commands.build import command as build
from commands.flow import command as flow
from commands.standup import command as standup
from commands.test import command as test
from commands.where import command as where
from tests.example_team import TEAM
from tests.fakes import ANA, NOON, TOM, World
from tests.vendors import captured

HARBOR = Team(
    services={"web": Service("web", Repository(github="Harbor/Web"))},
    environments=TEAM.environments,
    channels=TEAM.channels,
    logins={"ana-dev": ANA.id},
)
HANDLERS = (
    runs.pipeline_changed,
    pull_requests.pull_request_changed,
    pull_requests.pull_request_reviewed,
    pull_requests.pushed,
    pull_requests.release_published,
    reported_by_others.deployment_reported,
    reported_by_others.run_reported,
)


async def deliver(world: World, *names: str) -> None:
    for name in names:
        for event in source.parse(captured.delivery("github", name, world.clock.now())):
            await happen(world, event)


async def happen(world: World, event: Event) -> None:
    await world.happen(event, *HANDLERS)


async def with_change() -> World:
    world = World(team=HARBOR)
    async with world.unit() as work:
        await changes.plan(work, "Faster checkout", ANA)
    return world


async def test_a_run_is_one_message_from_start_to_end() -> None:
    world = World(team=HARBOR)
    await deliver(world, "workflow_run_build_started", "workflow_run_build_passed")

    assert list(world.said) == ["run:harbor/web/9100000001"]
    message = world.said["run:harbor/web/9100000001"]
    assert (message.to, message.context["run"].state) == ("#build", "passed")
    assert world.kinds == ["build.running", "build.passed"]


async def test_an_event_that_was_overtaken_changes_nothing() -> None:
    world = World(team=HARBOR)
    await deliver(world, "workflow_run_build_passed", "workflow_run_build_started")

    assert (await world.get(Run, "harbor/web/9100000001")).state == "passed"
    assert world.kinds == ["build.passed"]


async def test_a_run_says_that_it_broke_what_passed_before() -> None:
    world = World(team=HARBOR)
    await deliver(world, "workflow_run_build_passed", "workflow_run_build_failed")

    assert world.said["run:harbor/web/9100000002"].context["previous"].state == "passed"


async def test_build_and_test_answer_with_their_own_newest_run() -> None:
    world = World(team=HARBOR)
    await deliver(world, "workflow_run_build_failed", "workflow_run_tests_passed")
    built, tested = await world.use(build, service="web"), await world.use(test)

    assert [run.purpose for run in built.context["runs"]] == [Purpose.BUILD]  # pyright: ignore
    assert [run.purpose for run in tested.context["runs"]] == [Purpose.TEST]  # pyright: ignore


async def test_a_repository_of_no_service_is_in_the_ledger_and_in_no_channel() -> None:
    world = World()
    await deliver(world, "workflow_run_build_passed", "pull_request_opened", "push_tag")

    assert world.said == {}
    assert world.kinds == ["build.passed", "pr.open", "tag.pushed"]


async def test_a_change_moves_with_its_pull_request_and_its_pipelines() -> None:
    world = await with_change()
    stages: list[Stage] = []
    for name in ("pull_request_opened", "pull_request_merged", "workflow_run_tests_passed"):
        await deliver(world, name)
        stages.append((await world.get(Change, "C-1")).stage)

    assert stages == [Stage.CODE, Stage.BUILD, Stage.TEST]


@pytest.mark.parametrize("thing", ["C-1", "#812", "harbor/web#812", "9f3c2a1", "web v1.4.0", "v1.4.0"])
async def test_every_name_of_a_change_leads_to_its_passport(thing: str) -> None:
    world = await with_change()
    await deliver(world, "pull_request_merged", "push_main", "workflow_run_build_passed", "push_tag")
    passport = (await world.use(where, thing=thing)).context["passport"]  # pyright: ignore

    assert passport.title == "C-1 Faster checkout"
    assert passport.state == "in build"
    told = " ".join(step.what for step in passport.steps)
    assert "planned" in told
    assert "merged web#812" in told
    assert any(step.stage is Stage.BUILD and step.what == "passed" for step in passport.steps)
    assert "tag pushed web v1.4.0" in told


async def test_what_the_ledger_does_not_know_is_said_with_what_can_be_asked() -> None:
    world = await with_change()
    for thing in ("C-9", "abcdef1", "v9", "web#99", "<!channel>"):
        with pytest.raises((Unknown, Refusal)) as refused:
            await world.use(where, thing=thing)
        assert refused.value.sentence


async def test_the_board_counts_every_stage_and_shows_the_newest() -> None:
    world = await with_change()
    await deliver(world, "workflow_run_build_failed")
    counts = (await world.use(flow)).context["board"].counts  # pyright: ignore

    assert (counts[Stage.PLAN], counts[Stage.BUILD], counts[Stage.MONITOR]) == (1, 1, 0)


async def test_a_title_that_names_no_change_of_ours_links_nothing() -> None:
    world = World(team=HARBOR)
    await deliver(world, "pull_request_opened", "push_main")

    assert all(s.kind != "change" for entry in world.entries for s in entry.subjects)


async def test_a_review_is_its_reviewers_and_stands_in_the_passport() -> None:
    world = await with_change()
    await deliver(world, "pull_request_opened", "pull_request_review_approved")
    passport = (await world.use(where, thing="C-1")).context["passport"]  # pyright: ignore

    assert world.entries[-1].kind == "pr.approved"
    assert world.entries[-1].by == ANA.id
    assert any(step.what == "approved web#812" for step in passport.steps)


async def test_who_said_who_they_are_on_the_code_host_is_known_by_it() -> None:
    world = World(team=replace(HARBOR, logins={}))
    await world.use(standup, "i-am", by=TOM, login="@Ana-Dev")
    await deliver(world, "pull_request_review_approved")

    assert world.entries[-1].by == TOM.id
    with pytest.raises(Refusal, match="linked to somebody else"):
        await world.use(standup, "i-am", by=ANA, login="ana-dev")
    with pytest.raises(Refusal, match="can be no login"):
        await world.use(standup, "i-am", by=ANA, login="<!channel>")
    await world.use(standup, "i-am", by=TOM, login="none")
    await world.use(standup, "i-am", by=ANA, login="ana-dev")


async def test_the_board_counts_what_it_does_not_read() -> None:
    world = World()
    for number in range(1_100):
        fired = AlertFired("alertmanager", f"f{number}", f"g{number}", {"alertname": "Down"}, {}, NOON, NOON)
        await world.add(AlertGroup("alertmanager", f"g{number}", NOON).fire(fired))
        await world.add(Change.plan(f"change {number}", ANA, NOON))
    async with world.unit() as work:
        made = await board(work)

    assert (made.counts[Stage.MONITOR], made.counts[Stage.PLAN]) == (1_100, 1_100)
    assert [len(column.items) for column in made.columns if column.count] == [3, 3]


async def test_the_board_shows_the_changes_that_came_last_and_reads_no_others() -> None:
    world = World()
    for number in range(200):
        planned = Change.plan(f"change {number}", ANA, NOON)
        await world.add(replace(planned, reached_at=None if number == 20 else NOON - timedelta(hours=number)))
    read: list[int] = []  # counting, for which the fake looks through its rows, reads none
    async with world.unit() as work:
        find = work.find

        async def counted(noun: type[Any], **how: Any) -> list[Any]:
            found = await find(noun, **how)
            if noun is Change and how["limit"] < 1_000_000:
                read.append(len(found))
            return found

        work.find = counted
        made = await board(work)

    [plan] = [column for column in made.columns if column.stage is Stage.PLAN]
    assert plan.count == 200
    assert {item.title for item in plan.items[:2]} == {"change 0", "change 20"}
    assert plan.items[2].title == "change 1"
    assert sum(read) <= 2 * SHOWN
