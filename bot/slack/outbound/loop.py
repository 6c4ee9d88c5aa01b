"""The messenger's one loop: claim what may go, send it, write down how it ended, sleep until there is more."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.core.messages import Band
from bot.core.ports import Clock
from bot.core.refusals import Conflict
from bot.slack.outbound import counters
from bot.slack.outbound.places import AT_ONCE, rooms
from bot.slack.outbound.sender import Sender
from bot.storage.engine.database import Database
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.engine.until_stored import until_stored
from bot.storage.outbox.outbox import Outbox
from bot.storage.outbox.steps import Dead, Ending, Later, Sent, Step

log = structlog.get_logger(__name__)

SWEEP_AFTER_SECONDS = 5.0  # a look at the outbox without being woken: another replica may have died
AHEAD = timedelta(seconds=0.06)  # how early a message is claimed, so that it can go on the instant
BREATH_SECONDS = 0.005  # between two claims, so that one takes what several wakings announced
# With a long backlog each look costs more, and whoever writes wakes us for each message, though its conversation may
# have to wait: looking in vain may take a tenth of the time at most, so that people's gestures are answered first.
BREATHS_PER_LOOK, LONGEST_BREATH_SECONDS = 9, 0.25
DATABASE_PAUSE_SECONDS = 0.5


class Messenger:
    """Sends what the outbox holds, until it is stopped."""

    def __init__(self, database: Database, outbox: Outbox, sender: Sender, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._under_way: dict[asyncio.Task[None], Band] = {}
        self._ended: list[Ending] = []
        self._some_ended = asyncio.Event()
        self._stir = asyncio.Event()
        self._stopping = False
        self._probes = 0
        self._probe_at = 0.0
        self._breath = BREATH_SECONDS

    @property
    def trouble(self) -> str | None:
        """Why nobody gets anything, in words for an admin; None where all is well. Readiness shows it."""
        return self._sender.trouble

    async def step(self) -> datetime | None:
        """Do everything that may be done now; gives the instant at which there is more (None: when woken).

        For tests and for commands that send without staying; ``run`` does the same without waiting for the slowest.
        """
        while True:
            claim = await self._outbox.claim(AT_ONCE, rooms(()))
            if not claim.steps:
                return claim.next_at
            endings = await asyncio.gather(*(self._sender.carry_out(one) for one in claim.steps))
            await self._write_down(endings)
            if self.trouble:
                return self._clock.now() + self._sender.patience.first

    async def run(self) -> None:
        """Send until ``stop``. Raises only what is a bug of ours."""
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._settle_for_ever()), group.create_task(self._renew_for_ever())]
            await until_stored(self._outbox.take_over)
            while not self._stopping:
                await self._rest(await self._claim_and_start(group))
            if self._under_way:
                await asyncio.wait(self._under_way)
            while self._ended:
                self._stir.clear()
                await self._stir.wait()
            for helper in helpers:
                helper.cancel()

    async def stop(self, running: asyncio.Task[None], within: timedelta = timedelta(seconds=8)) -> None:
        """Begin nothing new, wait for the calls under way, give up the lanes. ``running`` is what runs ``run``."""
        self._stopping = True
        self._stir.set()
        done, _ = await asyncio.wait({running}, timeout=within.total_seconds())
        if not done:
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        try:
            await self._outbox.release()
        except (StorageUnavailable, Conflict) as problem:  # the leases run out by themselves
            log.warning("messenger.not_released", reason=str(problem))

    async def _claim_and_start(self, group: asyncio.TaskGroup) -> float:
        """Start what may be done now; gives after how many seconds to look again at the latest."""
        room = AT_ONCE - len(self._under_way)
        if self.trouble:  # one message tries whether Slack lets us in again
            wait = self._probe_at - time.monotonic()
            if wait > 0 or self._under_way:
                return wait if wait > 0 else SWEEP_AFTER_SECONDS
            room, self._probes = 1, self._probes + 1
            self._probe_at = time.monotonic() + self._sender.patience.pause(self._probes).total_seconds()
        else:
            self._probes = 0
        if room <= 0:
            return SWEEP_AFTER_SECONDS
        began = time.monotonic()
        try:
            claim = await self._outbox.claim(room, rooms(self._under_way.values()), ahead=AHEAD)
        except (StorageUnavailable, Conflict) as problem:
            log.warning("messenger.cannot_claim", reason=str(problem))
            return DATABASE_PAUSE_SECONDS
        looked = time.monotonic() - began
        in_vain = 0 if claim.steps else BREATHS_PER_LOOK * looked
        self._breath = min(max(BREATH_SECONDS, in_vain), LONGEST_BREATH_SECONDS)
        for one in claim.steps:
            task = group.create_task(self._carry_out(one, time.monotonic()))
            self._under_way[task] = one.band
            task.add_done_callback(self._under_way.__delitem__)
        if len(claim.steps) == room or claim.next_at is None:
            return SWEEP_AFTER_SECONDS
        return min((claim.next_at - AHEAD - self._clock.now()).total_seconds(), SWEEP_AFTER_SECONDS)

    async def _carry_out(self, step: Step, claimed_at: float) -> None:
        early = step.not_before - self._clock.now()
        if early > timedelta(0):
            await asyncio.sleep(min(early, AHEAD).total_seconds())  # more only where the clock was just put back
        # A process that was held up (a suspended machine) may have lost the lane to another one meanwhile.
        if time.monotonic() - claimed_at > self._outbox.pace.lease.total_seconds() / 2:
            self._ended.append(Later(step, self._clock.now(), "held up before it was sent"))
        else:
            self._ended.append(await self._sender.carry_out(step))
        self._some_ended.set()

    async def _rest(self, seconds: float) -> None:
        """Sleep until something is put, a step has ended, or the time is up."""
        await asyncio.sleep(self._breath)
        woken = asyncio.create_task(self._database.wait("outbox", max(seconds, 0.0)))
        stirred = asyncio.create_task(self._stir.wait())
        try:
            await asyncio.wait({woken, stirred}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (woken, stirred):
                task.cancel()
            await asyncio.gather(woken, stirred, return_exceptions=True)
        self._stir.clear()

    async def _settle_for_ever(self) -> None:
        while True:
            await self._some_ended.wait()
            self._some_ended.clear()
            endings = list(self._ended)
            await until_stored(lambda endings=endings: self._write_down(endings))
            del self._ended[: len(endings)]
            self._stir.set()

    async def _write_down(self, endings: Sequence[Ending]) -> None:
        lost = await self._outbox.settle(endings)
        if lost:
            log.warning("messenger.leases_lost", messages=lost)
        for ending in endings:
            if isinstance(ending, Sent):
                counters.SENT.labels(ending.step.doing).inc()
            elif isinstance(ending, Dead):
                counters.BURIED.inc()
                log.error("messenger.dead_letter", key=ending.step.key, to=ending.step.to, reason=ending.reason)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._outbox.pace.lease.total_seconds() / 3)
            if self._under_way or self._ended:
                await until_stored(self._outbox.renew)

    async def count(self) -> None:
        """Bring the gauges up to date; called when /metrics is read."""
        waiting, dead = await self._outbox.depth()
        for band in Band:
            counters.WAITING.labels(band.name.lower()).set(waiting[band])
        counters.DEAD.set(dead)
