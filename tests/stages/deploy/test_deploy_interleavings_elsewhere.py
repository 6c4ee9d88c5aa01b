"""Three hundred histories with somebody else who deploys: each run is asked for once, and no card lies."""

from collections import Counter

import pytest

from tests.stages.deploy.interleaving_elsewhere import Abroad, lies_abroad

HISTORIES, PER_TEST = 300, 100


@pytest.mark.parametrize("first", range(0, HISTORIES, PER_TEST))
async def test_no_order_of_answers_reports_clicks_and_crashes_makes_a_card_lie(first: int):
    ends: Counter[str] = Counter()
    for seed in range(first, first + PER_TEST):
        world = Abroad(seed)
        await world.live()
        await world.end()
        assert lies_abroad(world) == [], f"seed {seed}"
        ends.update(str(one.state) for one in world.deployments)
        ends.update(one.entry.kind for one in world.store.entries)
        ends.update(f"there {run.state}" for run in world.target.runs.values())

    # It is no proof where nothing happens.
    assert ends["there passed"] > PER_TEST / 2
    assert {"succeeded", "failed", "refused", "cancelled", "there failed", "there cancelled"} <= set(ends)
    assert {"deployment.retried", "deployment.interrupted"} <= set(ends)
