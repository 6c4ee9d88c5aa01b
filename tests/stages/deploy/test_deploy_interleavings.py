"""A thousand histories that chance writes: each deployment starts at most once, with its quorum, and no card lies."""

from collections import Counter

import pytest

from tests.stages.deploy.interleaving import Harbours, lies

HISTORIES, PER_TEST = 1_000, 100


@pytest.mark.parametrize("first", range(0, HISTORIES, PER_TEST))
async def test_no_order_of_clicks_moves_expiries_and_crashes_makes_a_card_lie(first: int):
    ends: Counter[str] = Counter()
    started = 0
    for seed in range(first, first + PER_TEST):
        world = Harbours(seed)
        await world.live()
        await world.end()
        assert lies(world) == [], f"seed {seed}"
        ends.update(str(one.state) for one in world.deployments)
        started += world.target.starts.total()

    assert started > PER_TEST / 2  # it is no proof where nothing happens
    assert {"succeeded", "failed", "refused", "expired", "cancelled"} <= set(ends)
