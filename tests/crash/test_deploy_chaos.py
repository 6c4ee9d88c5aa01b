"""Clicks, moved refs, expiries and kill -9 in real processes: one start, with its quorum, and no card that lies."""

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import make_url

from tests.crash.deploy_driver import Plan, figures, run_and_kill
from tests.crash.deploy_truth import truth
from tests.crash.deploy_world import Shared

pytestmark = pytest.mark.crash
HISTORIES, KILLS = 60, 6


async def happens(url: str, folder: Path, chance: Random, open_database, *, replicas: int) -> None:
    ran = await run_and_kill(url, folder, chance, Plan(HISTORIES, KILLS, replicas, (0.6, 2.4)))
    shared = Shared(folder)
    found = await truth(await open_database(url), shared)
    counted = figures(shared, ran, found.ends, sum(map(len, found.starts.values())), found.retried.total())
    print(counted, *found.wrong[:20], sep="\n")  # noqa: T201 - shown where the test fails
    assert not found.wrong
    assert ran.codes == [0] * replicas
    assert counted["starts"] >= HISTORIES / 6  # it is no proof where nothing happens
    assert counted["ref moves"]
    assert counted["succeeded"]


async def test_each_deployment_starts_once_and_its_card_is_true_however_often_the_bot_is_killed(
    sqlite_template, open_database, chance, tmp_path
):
    path = tmp_path / "eightbells.db"
    path.write_bytes(sqlite_template.read_bytes())
    await happens(f"sqlite:///{path}", tmp_path / "shared", chance, open_database, replicas=1)


async def test_each_deployment_starts_once_and_its_card_is_true_with_two_replicas_that_are_killed(
    postgres_server, open_database, chance, tmp_path
):
    url = postgres_server.fresh()
    # In earnest it takes PostgreSQL a second to look for one; here many happen.
    postgres_server.execute(f"ALTER DATABASE {make_url(url).database} SET deadlock_timeout = '50ms'")
    await happens(url, tmp_path / "shared", chance, open_database, replicas=2)
