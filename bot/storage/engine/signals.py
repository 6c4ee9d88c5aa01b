"""Waking whoever waits for work: an event in this process, LISTEN/NOTIFY between replicas."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import asyncpg
import structlog

from bot.storage.engine.writers import CHANNEL

log = structlog.get_logger(__name__)

TOPICS = ("outbox", "jobs", "inbox", "ledger", "revision")
HEARTBEAT_SECONDS = 15.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0


class Signals:
    """What was committed lately, by topic."""

    def __init__(self) -> None:
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.generation = 0

    def ring(self, topics: Iterable[str]) -> None:
        """Wake everybody who waits for one of these."""
        for topic in topics:
            self._events[topic].set()
            if topic == "ledger":
                self.generation += 1

    async def wait(self, topic: str, timeout_seconds: float | None) -> bool:
        """Wait for the next ring of a topic; one since the last wait counts. False: the time was up."""
        event = self._events[topic]
        try:
            async with asyncio.timeout(timeout_seconds):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True


class Listener:
    """Passes on what other replicas notify; connects again by itself.

    While it is not connected nothing is known of the others, so ``connected`` tells readers to trust no cache.
    """

    def __init__(self, dsn: str, replica_id: str, signals: Signals) -> None:
        self._dsn = dsn
        self._replica_id = replica_id
        self._signals = signals
        self._lost = asyncio.Event()
        self._first = asyncio.Event()
        self.connected = False
        self._task = asyncio.create_task(self._keep_listening())

    async def started(self, timeout_seconds: float) -> bool:
        """Wait until it listens for the first time; False when that takes longer."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._first.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_listening(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._listen()
                pause = FIRST_PAUSE_SECONDS
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("not listening to other replicas", error=str(error), again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        conn = await asyncpg.connect(self._dsn, timeout=10)
        self._lost.clear()
        try:
            conn.add_termination_listener(lambda _: self._lost.set())
            await conn.add_listener(CHANNEL, self._heard)
            self.connected = True
            self._first.set()
            self._signals.ring(TOPICS)  # whatever happened meanwhile
            while not self._lost.is_set():
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await self._lost.wait()
                except TimeoutError:
                    # A network that swallows everything is noticed by nothing else, and readers trust our word.
                    await conn.execute("SELECT 1", timeout=5)
        finally:
            self.connected = False
            conn.terminate()

    def _heard(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        topics, _, sender = str(payload).partition("|")
        if sender != self._replica_id:  # our own were rung right after the commit
            self._signals.ring(topics.split())
