"""Processes to be killed: quickly started, and surely ended."""

import asyncio
import multiprocessing
from multiprocessing.connection import wait
from typing import Any

START_SECONDS, END_SECONDS = 30, 60


class Children:
    """Processes that are started quickly: forked from one that has imported everything."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.crash.runner", "tests.crash.deploy_replica"])
        self.alive: list[Any] = []

    async def start(self, target: Any, *args: Any) -> None:
        """Start one and wait until it says that it runs. Fails where it ends by itself before."""
        here, there = self._context.Pipe(duplex=False)
        child = self._context.Process(target=target, args=(*args, there), daemon=True)
        child.start()
        there.close()
        self.alive.append(child)
        said = await asyncio.to_thread(wait, [here, child.sentinel], START_SECONDS)
        # One that had nothing left to do may have ended well by now.
        assert said, "a child neither runs nor ends"
        assert here in said or child.exitcode == 0, f"a child ended with {child.exitcode}"
        here.close()

    async def kill(self, child: Any) -> None:
        """SIGKILL, and wait until it is gone."""
        child.kill()
        await asyncio.to_thread(child.join, END_SECONDS)
        self.alive.remove(child)

    async def finish(self) -> list[int | None]:
        """Let the others come to their end; gives their exit codes, None for one that did not."""
        for child in self.alive:
            await asyncio.to_thread(child.join, END_SECONDS)
        codes = [child.exitcode for child in self.alive]
        for child in self.alive:
            child.kill()
        return codes
