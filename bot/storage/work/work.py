"""One transaction as workflows see it: reads at once, writes together at the end, all of it or nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.dead_letters import DeadLetter, LetterKind
from bot.core.erasing import Copy, Traces
from bot.core.jobs import Job, Outcome
from bot.core.ledger import Entry, Recorded, Subject
from bot.core.ledger_heads import Head
from bot.core.messages import File, Home, Message
from bot.core.ports import Noun, Render
from bot.core.team import Team
from bot.storage.engine.writers import Block
from bot.storage.ledger import ledger, seals
from bot.storage.outbox import copies, outbox, posted
from bot.storage.queues import dead_letters, jobs, receipts
from bot.storage.work.remembered_views import Memory
from bot.storage.work.rows import Rows

N = TypeVar("N", bound=Noun)
T = TypeVar("T")


class Reading:
    """A work that only reads, from a connection that waits for no writer. Writing raises ``TypeError``."""

    repeated = False
    by_app = False

    def __init__(
        self, connect: Callable[[], Awaitable[Rows]], now: datetime, team: Team, memory: Memory | None = None
    ) -> None:
        self._connect = connect  # awaited when something is read: what is remembered needs no connection
        self._memory = memory  # None in a transaction, which may see what will not be committed
        self._opened: Rows | None = None
        self._histories: dict[tuple[tuple[Subject, ...], int], list[Recorded]] = {}
        self.now = now
        self.team = team

    async def _rows(self) -> Rows:
        if self._opened is None:
            self._opened = await self._connect()
        return self._opened

    async def get(self, noun: type[N], id: str) -> N | None:
        """The thing with this id (case does not matter), or nothing."""
        return await (await self._rows()).get(noun, id)

    async def find(
        self, noun: type[N], *, limit: int = 1000, newest_first: bool = True, first_by: str = "", **where: Any
    ) -> list[N]:
        """Things whose lookup columns equal these values (a tuple: any of them), in order of creation.

        With ``first_by`` those with the lowest value in this field come first, and things without one last. With
        ``-`` before it the highest come first, and things without one are left out: an index gives those in order.
        """
        return await (await self._rows()).find(noun, limit, newest_first, where, first_by)

    async def count(self, noun: type[Noun], **where: Any) -> int:
        """How many ``find`` would give, without a limit."""
        return await (await self._rows()).count(noun, where)

    async def changed(self, noun: type[N], since: datetime) -> AsyncIterator[N]:
        """Every one that was written since then, each once, however many; to be looked at, not to be saved."""
        async for thing in (await self._rows()).changed(noun, since):
            yield thing

    async def history(self, *subjects: Subject, limit: int = 200) -> list[Recorded]:
        """Committed entries that name any of these subjects, oldest first (the newest ``limit`` of them)."""
        # One snapshot: what was read once is the same for as long as this work lasts.
        known = self._histories.get((subjects, limit))
        if known is None:
            known = self._histories[subjects, limit] = await self._history(subjects, limit)
        return list(known)

    async def _history(self, subjects: tuple[Subject, ...], limit: int) -> list[Recorded]:
        return await ledger.history((await self._rows()).conn, subjects, limit)

    async def doings(self, by: str, since: datetime, limit: int = 200) -> list[Recorded]:
        """Committed entries since then that are by this user id, oldest first (the newest ``limit`` of them)."""
        return await ledger.doings((await self._rows()).conn, by, since, limit)

    async def named(self, kind: str, beginning: str, limit: int = 5) -> list[Subject]:
        """Subjects of this kind in the ledger whose names begin so (a short SHA), each once."""
        return await ledger.named((await self._rows()).conn, kind, beginning, limit)

    async def remember(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """What ``make`` gives, made anew only once the ledger has grown."""
        return await make() if self._memory is None else await self._memory.remember(key, make)

    async def message_key(self, channel_id: str, ts: str) -> str | None:
        """Which of our messages stands there; nothing where it is none of ours."""
        return await posted.key_at((await self._rows()).conn, channel_id, ts)

    async def dead_letters(self, limit: int = 20) -> list[DeadLetter]:
        """What waits for an admin, the newest first."""
        return await dead_letters.listed((await self._rows()).conn, limit, self.now)

    async def dead_letter_counts(self) -> dict[LetterKind, int]:
        """How many wait for an admin, of every kind."""
        return await dead_letters.counted((await self._rows()).conn, self.now)

    async def ledger_head(self) -> Head:
        """The end of the ledger's chain of seals, as it is committed."""
        return await seals.head_of((await self._rows()).conn)

    async def copies(self, traces: Traces) -> list[Copy]:
        """Messages that hold somebody's words, as they are committed."""
        return await copies.holding((await self._rows()).conn, traces)

    async def revive(self, kind: LetterKind, id: str) -> bool:
        raise TypeError("this work only reads")

    async def add(self, thing: N) -> N:
        raise TypeError("this work only reads")

    async def save(self, thing: Noun) -> None:
        raise TypeError("this work only reads")

    async def erase(self, thing: Noun) -> None:
        raise TypeError("this work only reads")

    def record(self, entry: Entry) -> None:
        raise TypeError("this work only reads")

    def say(self, message: Message | Home | File) -> None:
        raise TypeError("this work only reads")

    def owe(self, job: Job) -> None:
        raise TypeError("this work only reads")

    def forgive(self, key: str) -> None:
        raise TypeError("this work only reads")


class Transaction(Reading):
    """A work that writes.

    Attributes:
        repeated: the gesture that this work is for was handled before.
        by_app: an app wrote it in the name of whoever calls; every entry says so.
        outcome: how the job that this work does ends with its commit; ``note`` says why.
    """

    def __init__(self, block: Block, now: datetime, team: Team, render: Render) -> None:
        # Numbers given here are the group's only when this work succeeds.
        self._numbers = dict(block.group.numbers)
        self._written = Rows(block.conn, now, self._numbers, block.guard)
        super().__init__(self._rows_of_block, now, team)
        self.repeated = False
        self.outcome = Outcome.DONE
        self.note = ""
        self._block = block
        self._render = render
        self._entries: list[dict[str, Any]] = []
        self._messages: dict[str, Message | Home | File] = {}
        self._steps: list[jobs.Step] = []
        self._receipts: list[dict[str, Any]] = []

    async def _rows_of_block(self) -> Rows:
        return self._written

    async def add(self, thing: N) -> N:
        """Store a new thing and give it its id, such as ``C-41``. An id it has already is kept."""
        return await self._written.add(thing)

    async def save(self, thing: Noun) -> None:
        """Store a thing that was read or added in this work; ``LookupError`` for another one."""
        await self._written.save(thing)

    async def erase(self, thing: Noun) -> None:
        """Remove a row for good. The ledger keeps its entries."""
        await self._written.erase(thing)

    def record(self, entry: Entry) -> None:
        """Append to the ledger. Raises ``ValueError`` for an entry that is about nothing."""
        told = entry.through_an_app() if self.by_app else entry
        self._entries.append(ledger.entry_row(told, self.now))

    def say(self, message: Message | Home | File) -> None:
        """What a conversation (or a Home tab) should show from the commit on; the last with a key counts."""
        self._messages[message.key] = message

    def owe(self, job: Job) -> None:
        """A job to be done; see ``Job.key`` for what a repeated key means."""
        self._steps.append(jobs.owed(job, self.now))

    def forgive(self, key: str) -> None:
        """The job with this key need not be done any more, if it has not ended yet."""
        self._steps.append(jobs.Forgiven(key))

    async def history(self, *subjects: Subject, limit: int = 200) -> list[Recorded]:
        """Committed entries that name any of these subjects, oldest first (the newest ``limit`` of them)."""
        await self._flush_neighbours()
        return await self._history(subjects, limit)

    async def doings(self, by: str, since: datetime, limit: int = 200) -> list[Recorded]:
        """Committed entries since then that are by this user id, oldest first (the newest ``limit`` of them)."""
        await self._flush_neighbours()
        return await super().doings(by, since, limit)

    async def named(self, kind: str, beginning: str, limit: int = 5) -> list[Subject]:
        """Subjects of this kind in the ledger whose names begin so (a short SHA), each once."""
        await self._flush_neighbours()
        return await super().named(kind, beginning, limit)

    async def copies(self, traces: Traces) -> list[Copy]:
        """Messages that hold somebody's words, as they are committed or about to be."""
        if self._block.deferred(_write_puts):
            await self._block.flush()
        return await super().copies(traces)

    async def revive(self, kind: LetterKind, id: str) -> bool:
        """Try a dead letter again from the commit on; False where it is not dead (any more)."""
        self._block.guard()
        topic = await dead_letters.revive(self._block.conn, kind, id, self.now)
        self._block.topics |= {topic} if topic else set()
        return topic is not None

    async def note_gesture(self, key: str) -> None:
        """See whether this gesture was handled before; if not, it will have been with this work."""
        self.repeated, self._receipts = await receipts.seen_before(self._block, key, self.now)

    async def finish(self, settle: Callable[[AsyncConnection], Awaitable[None]] | None, job_key: str = "") -> None:
        """Write everything. What can fail comes first, what is deferred to the end of the group cannot."""
        puts = [(self._put(message), self.now) for message in self._messages.values()]
        await self._written.flush()
        if settle is not None:
            await self._settle(settle, job_key)
        block = self._block
        for write, rows, topic in (
            (ledger.append, self._entries, "ledger"),
            (jobs.write_steps, self._steps, "jobs"),
            (_write_puts, puts, "outbox"),
            (receipts.note, self._receipts, None),
        ):
            if rows:
                block.defer(write, rows)
                block.topics |= {topic} if topic else set()
        block.group.numbers.update(self._numbers)

    async def _flush_neighbours(self) -> None:
        """What works before this one recorded is as good as committed, but may not be written yet."""
        if self._block.deferred(ledger.append):
            await self._block.flush()

    async def _settle(self, settle: Callable[[AsyncConnection], Awaitable[None]], job_key: str) -> None:
        self._block.guard()
        mine = [step for step in self._steps if jobs.key_of(step) == job_key]
        if mine or any(jobs.key_of(step) == job_key for step in self._block.deferred(jobs.write_steps)):
            # The job was owed again: that must be written before its end, so that it is not over with it.
            await self._block.flush()
            self._steps = [step for step in self._steps if jobs.key_of(step) != job_key]
            owed_again = [step for step in mine[-1:] if isinstance(step, jobs.Owed)]
            await jobs.write_steps(self._block.conn, owed_again)
        await settle(self._block.conn)

    def _put(self, message: Message | Home | File) -> outbox.Put:
        shown = self._render(message.template, message.context)
        if isinstance(message, Home):
            return outbox.Put(message.key, message.user_id, shown.text, shown.blocks, kind="home")
        if isinstance(message, File):
            return outbox.put_of_file(message, shown.text)
        return outbox.Put(
            message.key,
            message.to,
            shown.text,
            shown.blocks,
            thread_of=message.thread_of,
            thread_ts=message.thread_ts,
            broadcast=message.broadcast,
            band=message.band,
        )


async def _write_puts(conn: AsyncConnection, rows: list[Any]) -> None:
    await outbox.put(conn, [put for put, _ in rows], max(at for _, at in rows))
