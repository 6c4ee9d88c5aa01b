"""The demo is real: its repositories answer, its team file is right, its script runs and fails as it says."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import read_team
from bot.core.deploy_targets import Command
from bot.core.team import Team
from bot.stages.deploy.model.ports import Finished, Line
from bot.try_out import demo, deploy_script
from bot.vendors.local.command import LocalCommand
from bot.vendors.local.git import LocalGit

HURRY = """
import runpy, sys, time
time.sleep = lambda seconds: None
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
VALUES = {"service": "web", "environment": "staging", "sha": "", "deployment": "D-1"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo")
    demo.make_demo(directory)
    return directory


@pytest.fixture
def team(made: Path) -> Team:
    team, mistakes = read_team(made / demo.TEAM_FILE)
    assert mistakes == []
    assert team is not None
    return team


def test_the_team_is_the_playgrounds(team: Team):
    seed = json.loads(demo.SEED.read_text())

    assert {name: place.approvals for name, place in team.environments.items()} == {"staging": 0, "production": 1}
    assert {channel.removeprefix("#") for channel in team.channels.values()} <= {
        c["name"] for c in seed["channels"]
    }
    assert {id for service in team.services.values() for id in service.owners} <= {p["id"] for p in seed["people"]}
    assert team.roles["release"].groups == {seed["groups"][0]["id"]}


async def test_the_repositories_have_a_history(team: Team):
    web, payments = team.services["web"].repository, team.services["payments"].repository

    assert await LocalGit().tags(web) == ["v1.4.0", "v1.3.9", "v1.3.8", "v1.3.7"]
    shipped = await LocalGit().commits(web, "v1.3.9", "v1.4.0")
    assert [commit.pull_request for commit in shipped] == [819, 817, 815, 812, 811, 809, 801]
    assert len({commit.author for commit in shipped}) == 4
    assert len(await LocalGit().commits(web, None, "main")) == 26
    assert await LocalGit().resolve(web, "v1.4.1-broken")
    assert await LocalGit().resolve(payments, "v2.8.1")


def test_made_again_nothing_changes(made: Path):
    before = {
        path: path.stat().st_mtime_ns for path in made.rglob("*") if path.name != demo.SCRIPT and path.is_file()
    }
    (made / demo.TEAM_FILE).touch()

    demo.make_demo(made)

    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path for path in before if before[path] != after[path]} == {made / demo.TEAM_FILE}


async def test_the_script_fails_for_the_broken_branch_although_it_is_told_the_commit(made: Path, team: Team):
    sha = await LocalGit().resolve(team.services["web"].repository, "v1.4.1-broken")
    command = team.services["web"].deploy
    assert isinstance(command, Command)
    python, script, *rest = command.arguments
    hurried = Command((python, "-c", HURRY, script, *rest), command.directory, timedelta(seconds=20))

    *_, end = [item async for item in LocalCommand().run(hurried, VALUES | {"version": sha, "sha": sha})]

    assert end == Finished(3)


@pytest.mark.parametrize(("version", "code"), [("v1.4.0", 0), ("v1.4.1-broken", 3)])
async def test_the_script_deploys_and_fails_as_it_says(team: Team, version: str, code: int):
    command = team.services["web"].deploy
    assert command is not None
    python, script, *rest = command.arguments
    hurried = Command((python, "-c", HURRY, script, *rest), command.directory, timedelta(seconds=20))

    *lines, end = [item async for item in LocalCommand().run(hurried, VALUES | {"version": version})]

    assert end == Finished(code)
    assert lines[0] == Line(f"[1/8] fetch web {version}")
    assert len(lines) == len(deploy_script.STEPS) + (1 if code == 0 else 2)
