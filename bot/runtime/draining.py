"""Draining: what is under way when we are told to stop ends together, before one deadline; so does the process."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

# ``docker stop`` kills after 10 s, Kubernetes after 30: https://docs.docker.com/reference/cli/docker/container/stop/
STOPPED_WITHIN = timedelta(seconds=10)  # whatever happens
DRAIN = timedelta(seconds=8.5)  # for what is under way; what is left is for letting go of database and lock
JOBS = timedelta(
    seconds=4
)  # of it for jobs; the program of one that is ended then has 5 s more (``local_command``)
GESTURES = timedelta(seconds=3)  # of it for what people asked for
LEAST = timedelta(seconds=1)  # for whoever comes last

log = structlog.get_logger(__name__)


class Draining:
    """One deadline for all parts, from the moment at which the first is told to stop."""

    def __init__(self) -> None:
        self._until: float | None = None
        self._early: dict[Callable[[], Awaitable[None]], asyncio.Future[None]] = {}
        self._together: list[Callable[[], Awaitable[None]]] = []

    def begin(self) -> None:
        """Start the clock, and what may end beside the others."""
        log.info("bot.draining")
        self._until = asyncio.get_running_loop().time() + DRAIN.total_seconds()
        for stop in self._together:
            self._early[stop] = asyncio.ensure_future(stop())

    @property
    def left(self) -> timedelta:
        """How long the part that stops now may take."""
        if self._until is None:
            return LEAST
        return max(LEAST, timedelta(seconds=self._until - asyncio.get_running_loop().time()))

    def beside(self, stop: Callable[[], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Have it started at the beginning; gives what waits for its end, where it has to be over."""
        self._together.append(stop)

        async def ended(*_: object) -> None:
            early = self._early.get(stop)
            await (stop() if early is None else early)

        return ended


def end_in_time() -> None:
    """End the process hard once ``STOPPED_WITHIN`` is over: what is not ended by then is as after a power cut."""

    def end() -> None:
        log.error("bot.ended_hard", after_seconds=STOPPED_WITHIN.total_seconds())
        os.kill(os.getpid(), signal.SIGKILL)

    last_resort = threading.Timer(STOPPED_WITHIN.total_seconds(), end)
    last_resort.daemon = True
    last_resort.start()


async def cancelled(task: "asyncio.Task[None]") -> None:
    """End a task at once, and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
