"""Processes to be killed: quickly started, and surely ended."""

import asyncio
import multiprocessing
from typing import Any


class Children:
    """Processes that are started quickly: forked from one that has imported everything."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.crash.runner"])
        self.alive: list[Any] = []

    async def start(self, target: Any, *args: Any) -> None:
        ready = self._context.Event()
        child = self._context.Process(target=target, args=(*args, ready), daemon=True)
        child.start()
        self.alive.append(child)
        await asyncio.to_thread(ready.wait, 30)

    async def kill(self, child: Any) -> None:
        child.kill()
        await asyncio.to_thread(child.join, 30)
        self.alive.remove(child)

    async def finish(self) -> list[int]:
        for child in self.alive:
            await asyncio.to_thread(child.join, 60)
        codes = [child.exitcode for child in self.alive]
        for child in self.alive:
            child.kill()
        return codes
