"""A command that cannot be started for want of file descriptors is said not to have been, and can be run again."""

import json
import subprocess
import sys
from pathlib import Path

# A process of its own, whose limit is really lowered and whose descriptors are really used up.
ALONE = """
import asyncio, json, os, resource, sys
from datetime import timedelta
from bot.core.deploy_targets import Command
from bot.vendors.local.command import LocalCommand

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

async def told():
    command = Command(("touch", sys.argv[1]), limit=timedelta(seconds=30))
    return [repr(one) async for one in LocalCommand().run(command, {})]

async def main():
    used, found = [], []
    for spare in (0, 1, 2, 3, 4):
        try:
            while True:
                used.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        for _ in range(spare):
            os.close(used.pop())
        found.append((await told(), os.path.exists(sys.argv[1])))
        if os.path.exists(sys.argv[1]):
            os.unlink(sys.argv[1])
    while used:
        os.close(used.pop())
    before = len(os.listdir("/proc/self/fd"))
    found.append((await told(), os.path.exists(sys.argv[1])))
    print(json.dumps([found, len(os.listdir("/proc/self/fd")) - before]))

asyncio.run(main())
"""


def test_it_is_said_not_to_have_started_and_it_was_not_and_afterwards_it_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "ran")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (*without, after), left_open = json.loads(done.stdout)

    for lines, ran in without:
        is_said = "Not started" in lines[0] and "ulimit -n" in lines[0] and "code=127" in lines[-1]
        assert is_said is not ran, lines
    assert "Not started" in without[0][0][0]
    assert (after[1], left_open) == (True, 0)
