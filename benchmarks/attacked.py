"""The bot whose event loop is measured while ``benchmarks.attack`` attacks it; run as a script in any checkout."""

import asyncio
import json
import os
import signal
import sys
import time

from bot.app import running
from bot.config import load
from bot.runtime import logs


def main() -> None:
    """The bot with its loop measured: says "ready", then for every line read the longest callback so far, in ms."""
    logs.configure("critical")  # to standard error: standard output is ours
    longest = 0.0
    run = asyncio.Handle._run

    def timed(self: asyncio.Handle) -> None:
        nonlocal longest
        began = time.thread_time()
        run(self)
        took = time.thread_time() - began
        if took > 0.03 and os.environ.get("ATTACK_SHOWS"):
            print(f"{took * 1_000:.0f} ms: {self!r}", file=sys.stderr)
        longest = max(longest, took)

    async def until_told() -> None:
        nonlocal longest
        settings, team = load(os.environ)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)

        def report() -> None:
            if os.read(0, 100):
                print(json.dumps(longest * 1_000), flush=True)
            else:
                loop.remove_reader(0)

        async with running(settings, team):
            await asyncio.sleep(4)  # what is warmed after the start is no attack
            longest = 0.0
            loop.add_reader(0, report)
            print("ready", flush=True)
            await stop.wait()

    asyncio.Handle._run = timed  # pyright: ignore[reportAttributeAccessIssue]
    asyncio.run(until_told())


if __name__ == "__main__":
    main()
