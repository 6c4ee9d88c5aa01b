"""Does what is due: jobs when their instant has come, deliveries as they arrive."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog

from bot.core.handlers import Inside, Outside
from bot.core.jobs import Again, Due, Outcome
from bot.core.ports import Tools, Work
from bot.core.refusals import Conflict, Refusal, Stale, Unreadable
from bot.runtime import metrics
from bot.runtime.batches import TOGETHER, Rest, handfuls, raw
from bot.runtime.job_places import Places
from bot.runtime.pauses import FIRST_PAUSE, pause_after
from bot.storage.engine.database import Database
from bot.storage.engine.errors import LeaseLost, StorageUnavailable
from bot.storage.engine.until_stored import until_stored
from bot.storage.queues import inbox as storage_inbox
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import Claimed, Jobs
from bot.storage.queues.leases import LEASE
from bot.storage.work.unit_of_work import UnitOfWork
from bot.vendors.kit.webhooks import Delivery, MalformedPayload, UnknownSource

Settle: TypeAlias = Callable[[Work, Delivery], Awaitable[str]]
SettleTogether: TypeAlias = Callable[[Work, Sequence[Delivery]], Awaitable[str]]
BATCH = TOGETHER  # deliveries claimed together; what is urgent waits for no more than these
ATTEMPTS = 8  # then a person must look; with the pauses below that is after some 10 minutes
POLL_SECONDS = 5.0  # a look without being woken, in case a notification was lost

log = structlog.get_logger(__name__)


class Worker:
    """Works on one database until it is stopped.

    Args:
        inbox: of the same owner as ``unit``: the replica.
        inside: what does a job of a kind in one transaction, which ends the job as well.
        outside: what does a job of a kind with transactions of its own.
        settle: does all that follows from a delivery in the given work, and gives a note for the inbox.
        settle_together: the same for several of one source; raises where they must be taken one by one.
    """

    def __init__(
        self,
        database: Database,
        unit: UnitOfWork,
        tools: Tools,
        *,
        inbox: Inbox,
        inside: Mapping[str, Inside],
        outside: Mapping[str, Outside],
        settle: Settle,
        settle_together: SettleTogether | None = None,
    ) -> None:
        self._database = database
        self._unit = unit
        self._tools = tools
        self._clock = tools.clock
        self._jobs = Jobs(database, database.replica_id)
        self._inbox = inbox
        self._inside = inside
        self._outside = outside
        self._places = Places(inside, outside, tools.clock)
        self._some_full = False
        self._settle = settle
        self._settle_together = settle_together
        self._running: dict[asyncio.Task[None], Claimed] = {}
        self._delivering: list[storage_inbox.Claimed] = []
        self._rest = Rest()
        self._stopping = False

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._running or self._delivering)

    async def run(self) -> None:
        """Work until ``stop``. Raises only what is a bug of ours."""
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._keep_leases())
            inbox = group.create_task(self._loop("inbox", self._deliver_what_waits))
            jobs = group.create_task(self._loop("jobs", lambda: self._start_what_is_due(group)))
            await asyncio.wait({inbox, jobs})
            if self._running:
                await asyncio.wait(self._running)
            renewing.cancel()

    async def stop(self, running: asyncio.Task[None], within: timedelta = timedelta(seconds=8)) -> None:
        """Begin nothing new, wait for what is under way, give back the rest. ``running`` is what runs ``run``."""
        self._stopping = True
        self._database.wake("jobs")
        self._database.wake("inbox")
        done, _ = await asyncio.wait({running}, timeout=within.total_seconds())
        if not done:
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        try:
            given_back = await self._jobs.release_all() + await self._inbox.release_all()
        except StorageUnavailable as problem:  # the leases run out by themselves
            log.warning("worker.not_released", reason=str(problem))
        else:
            log.info("worker.stopped", given_back=given_back)

    async def turn(self) -> datetime | None:
        """Do everything that waits or is due now, to its end; gives when the next job is due."""
        while True:
            arrived = await self._deliver_what_waits()
            async with asyncio.TaskGroup() as group:
                due = await self._start_what_is_due(group)
            now = self._clock.now()
            if all(instant is None or instant > now for instant in (arrived, due)):
                return due

    async def _loop(self, topic: str, work: Callable[[], Awaitable[datetime | None]]) -> None:
        while not self._stopping:
            try:
                next_at = await work()
            except (StorageUnavailable, Conflict) as problem:
                log.warning("worker.waits_for_database", topic=topic, reason=str(problem))
                next_at = self._clock.now() + FIRST_PAUSE
            seconds = POLL_SECONDS if next_at is None else (next_at - self._clock.now()).total_seconds()
            await self._database.wait(topic, min(max(seconds, 0.0), POLL_SECONDS))

    async def _start_what_is_due(self, group: asyncio.TaskGroup) -> datetime | None:
        """Claim and start jobs; gives when the next one is due."""
        # Kinds that we do not know are for a replica of another version.
        rooms, most = self._places.left(claimed.job.kind for claimed in self._running.values())
        self._some_full = not self._places.all_have_room(rooms)
        due = await self._jobs.next_due(tuple(rooms))
        if due is None or due > self._clock.now():
            return due
        for claimed in await self._jobs.claim(self._clock.now(), most, rooms):
            task = group.create_task(self._do(claimed))
            self._running[task] = claimed
            task.add_done_callback(self._left)
        return self._clock.now()  # there may be more

    def _left(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if self._some_full:
            self._database.wake("jobs")

    async def _do(self, claimed: Claimed) -> None:
        due = claimed.due(self._clock.now())
        metrics.JOB_LATE_SECONDS.observe(due.late_by.total_seconds())
        try:
            ended = await self._handle(claimed, due)
        except LeaseLost:
            ended = "lost"
            log.warning("worker.lease_lost", job=claimed.job.key)
        except Stale as moved_on:
            ended = await self._finish(claimed, Outcome.NOOP, moved_on.sentence)
        except Unreadable as no:  # another replica may understand it
            ended = await self._failed(claimed, no)
        except Refusal as no:
            ended = await self._finish(claimed, Outcome.DEAD, no.sentence)
        except Exception as problem:  # noqa: BLE001 - one job's failure is its own; it is logged and tried again
            ended = await self._failed(claimed, problem)
        metrics.JOBS.labels(claimed.job.kind, ended).inc()

    async def _handle(self, claimed: Claimed, due: Due) -> str:
        kind = claimed.job.kind
        if inside := self._inside.get(kind):

            async def step(work: Any) -> Outcome:
                work.outcome = await inside(work, due)
                return work.outcome

            return await self._unit.run(step, opening=lambda: self._unit.for_job(claimed))
        answer = await self._outside[kind](self._tools, due)
        if isinstance(answer, Again):
            await until_stored(lambda: self._jobs.again(claimed, answer.after, answer.because))
            return "again"
        return await self._finish(claimed, answer, "")

    async def _finish(self, claimed: Claimed, outcome: Outcome, note: str) -> str:
        if outcome is Outcome.DEAD:
            log.error("worker.job_dead", job=claimed.job.key, kind=claimed.job.kind, reason=note)
        try:
            await until_stored(lambda: self._jobs.finish(claimed, outcome, note))
        except LeaseLost:
            log.warning("worker.lease_lost", job=claimed.job.key)
            return "lost"
        return outcome

    async def _failed(self, claimed: Claimed, problem: Exception) -> str:
        because = f"{type(problem).__name__}: {problem}"
        # Without a database nothing has been tried.
        counts = not isinstance(problem, StorageUnavailable)
        known = {"exc_info": problem} if counts else {"reason": str(problem)}
        log.warning("worker.job_failed", job=claimed.job.key, attempt=claimed.attempt, **known)
        if counts and claimed.attempt >= ATTEMPTS:
            return await self._finish(claimed, Outcome.DEAD, because)
        pause = pause_after(claimed.attempt)
        try:
            await until_stored(lambda: self._jobs.again(claimed, pause, because, failed=counts))
        except LeaseLost:
            log.warning("worker.lease_lost", job=claimed.job.key)
        return "failed"

    async def _deliver_what_waits(self) -> datetime | None:
        """Work on deliveries, those of one source in the order in which they came; gives when there are more."""
        due = await self._inbox.next_due()
        if due is None or due > self._clock.now():
            return due
        began, received = time.monotonic(), self._inbox.received
        self._delivering = await self._inbox.claim(self._clock.now(), BATCH)
        is_full = len(self._delivering) == BATCH
        by_source: defaultdict[str, list[storage_inbox.Claimed]] = defaultdict(list)
        for claimed in self._delivering:
            by_source[claimed.delivery.source].append(claimed)
        try:
            await asyncio.gather(*(self._deliver_all(batch) for batch in by_source.values()))
        finally:
            self._delivering = []
        more = self._inbox.received > received
        await asyncio.sleep(self._rest.after(time.monotonic() - began, is_full=is_full, more_came=more))
        return self._clock.now()

    async def _deliver_all(self, batch: list[storage_inbox.Claimed]) -> None:
        for some in handfuls(batch):
            if len(some) > 1 and await self._deliver_together(some):
                continue
            for claimed in some:
                try:
                    await self._deliver(claimed)
                except LeaseLost:
                    log.warning("worker.lease_lost", source=claimed.delivery.source, inbox_id=claimed.id)

    async def _deliver_together(self, some: Sequence[storage_inbox.Claimed]) -> bool:
        """Whether they could be; where not, each is tried alone, and what is wrong with one is its own."""
        together = self._settle_together
        if together is None:
            return False

        async def step(work: Any) -> None:
            work.note = await together(work, [raw(claimed) for claimed in some])

        try:
            await self._unit.run(step, opening=lambda: self._unit.for_delivery(*some))
        except Exception as problem:  # noqa: BLE001 - whichever it is, it is met again and told of alone
            log.debug("worker.one_by_one", source=some[0].delivery.source, because=str(problem))
            return False
        return True

    async def _deliver(self, claimed: storage_inbox.Claimed) -> None:
        delivery = raw(claimed)

        async def step(work: Any) -> None:
            work.note = await self._settle(work, delivery)

        try:
            await self._unit.run(step, opening=lambda: self._unit.for_delivery(claimed))
        except LeaseLost:
            raise
        except MalformedPayload as malformed:
            await self._bury(claimed, malformed.path, malformed.problem)
        except Exception as problem:  # noqa: BLE001 - one delivery's failure is its own; it is logged and tried again
            because = f"{type(problem).__name__}: {problem}"
            counts = not isinstance(problem, StorageUnavailable | UnknownSource)
            known = {"exc_info": problem} if counts else {"reason": str(problem)}
            log.warning("worker.delivery_failed", source=delivery.source, attempt=claimed.attempt, **known)
            if claimed.attempt >= ATTEMPTS and counts:
                await self._bury(claimed, "", because)
            else:
                pause = pause_after(claimed.attempt)
                await until_stored(lambda: self._inbox.again(claimed, pause, because))

    async def _bury(self, claimed: storage_inbox.Claimed, path: str, reason: str) -> None:
        log.error("worker.delivery_dead", source=claimed.delivery.source, inbox_id=claimed.id, path=path)
        await until_stored(lambda: self._inbox.dead(claimed, path, reason))

    async def _keep_leases(self) -> None:
        """Renew what we hold; a job that somebody else has taken over is ended here."""
        often = 3
        while True:
            await asyncio.sleep(LEASE.total_seconds() / often)
            try:
                await self.renew()
                often = 3
            except (StorageUnavailable, Conflict) as problem:
                log.warning("worker.cannot_renew", reason=str(problem))
                often = 20  # once the database is back, others wait no longer than a lease for us

    async def renew(self) -> None:
        """Keep what we hold for another lease, and end here what is ours no more, unless it follows a program."""
        held = dict(self._running)
        ours = {one.id for one in await self._jobs.renew(list(held.values()), self._clock.now())}
        for task, claimed in held.items():
            follows = getattr(self._outside.get(claimed.job.kind), "follows", False)
            if not (claimed.id in ours or follows):
                task.cancel()
        await self._inbox.renew(self._delivering, self._clock.now())
