"""What the crash tests share: chance that can be repeated."""

import os
import random

import pytest


@pytest.fixture
def chance():
    """Seeded anew every run; a failure prints the seed to repeat it with."""
    seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(10**6)))
    print(f"CRASH_SEED={seed}")  # noqa: T201 - shown where the test fails
    return random.Random(seed)  # noqa: S311
