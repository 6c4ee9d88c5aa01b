"""After forget-me the words are in none of the database's files and columns, while the bot goes on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column, select, table, text, update

from bot.core import erasing
from bot.core.dead_letters import LetterKind
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.messages import File, Message
from bot.core.ports import Charts, Tools
from bot.runtime.worker import Worker
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from bot.stages.standup import answers as standup_answers
from bot.stages.standup import privacy
from bot.stages.standup.model.answer import StandupAnswer
from bot.storage.engine.database import Database
from bot.storage.ledger.seals import Sealer
from bot.storage.outbox.erasure import Eraser
from bot.storage.outbox.tables import DEAD, SENT, outbox
from bot.storage.queues.inbox import Inbox
from bot.storage.queues.jobs import job_table
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.people.model.presence import Presence
from tests.answers import lines
from tests.fakes import ANA, LUIS, TEAM, TOM, FakeCharts, FakeClock, FakeDirectory
from tests.rendered import RENDER

MARK = "zanzibar-quokka"
SAYING = 40  # answers; enough that pages are split and freed


class Running:
    """What runs of the bot: a worker, a sealer, and Slack, which takes every message."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.unit = UnitOfWork(database, team=TEAM, render=RENDER)
        nothing: Any = None
        tools = Tools(
            self.unit,
            clock,
            FakeDirectory(),
            TEAM,
            {Charts: FakeCharts(), erasing.Eraser: Eraser(database)},
        )
        self.tools = tools
        self.worker = Worker(
            database,
            self.unit,
            tools,
            inbox=Inbox(database, database.replica_id),
            inside={privacy.FORGET: privacy.forget_when_due},
            outside={privacy.COPIES: privacy.forget_copies_when_due},
            settle=nothing,
        )

    async def send(self) -> None:
        """Slack has taken everything that waits."""
        async with self.database.write() as conn:
            await conn.execute(update(outbox).where(outbox.c.state != DEAD).values(state=SENT))

    async def say(self) -> None:
        """Answers, a blocker that is closed, settings and the file of all that, in Tom's words."""
        for n in range(SAYING):
            async with self.unit() as work:
                await standup_answers.start(work, f"#c{n}", [TOM.id, ANA.id], ANA)
            async with self.unit() as work:
                said = lines(f"{MARK} {n}", f"{MARK} " * 20, f"{MARK} stops me" if n == 0 else "")
                await standup_answers.answer(work, f"S-{n + 1}", TOM, said)
        async with self.unit() as work:
            await work.add(Presence(id=TOM.id, zone="Asia/Tokyo", away_because=MARK))
        async with self.unit() as work:
            for blocker in await work.find(Blocker):
                await blockers.close(work, blocker.id, ANA)
        await self.send()
        async with self.unit() as work:
            await privacy.send(work, TOM, "k")

    async def forget(self) -> None:
        async with self.unit() as work:
            privacy.order_forgetting(work, TOM, "g")
        for _ in range(3):
            await self.worker.turn()


async def everything(database: Database) -> str:
    """Every text, JSON and bytes that any column of PostgreSQL holds."""
    columns = text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('text', 'json', 'jsonb', 'bytea', 'character varying')"
    )
    found: list[str] = []
    async with database.read() as conn:
        for in_table, name in (await conn.execute(columns)).all():
            for value in (await conn.execute(select(column(name)).select_from(table(in_table)))).scalars():
                found.append(value.decode("latin-1") if isinstance(value, bytes) else str(value))
    return "\n".join(found)


async def held_in(database: Database, folder: Path) -> dict[str, int]:
    """How often the marked word stands where."""
    if database.dialect == "postgresql":
        return {"columns": (await everything(database)).count(MARK)}
    # Beside the database stand its log, its index and its lock.
    return {path.name: path.read_bytes().count(MARK.encode()) for path in folder.glob("eightbells.db*")}


async def test_erased_words_are_in_no_file_and_no_column(database: Database, clock: FakeClock, tmp_path: Path):
    bot = Running(database, clock)
    await bot.say()
    await Sealer(database).seal()
    before = await held_in(database, tmp_path)
    assert sum(before.values()) > SAYING, before

    await bot.forget()
    await bot.send()
    clock.move(privacy.AGAIN)
    await bot.worker.turn()

    assert set((await held_in(database, tmp_path)).values()) == {0}
    async with bot.unit() as work:
        answers = await work.find(StandupAnswer, user_id=TOM.id)
    assert len(answers) == SAYING
    assert all(answer.erased for answer in answers)
    async with bot.unit() as work:  # the bot goes on
        await standup_answers.start(work, "#after", [TOM.id], ANA)


async def copies(bot: Running, *keys: str) -> Outcome | Again:
    """What the job does that forgets these messages, or all."""
    known = select(outbox.c.key, outbox.c.revision)
    async with bot.database.read() as conn:
        rows = (await conn.execute(known.where(outbox.c.key.in_(keys)) if keys else known)).all()
    job = Job(privacy.COPIES, "c", bot.clock.now(), {"copies": [list(row) for row in rows]})
    return await privacy.forget_copies_when_due(bot.tools, Due(job, timedelta(), 1))


async def row_of(bot: Running, key: str) -> Any:
    async with bot.database.read() as conn:
        return (await conn.execute(select(outbox).where(outbox.c.key == key))).first()


async def test_messages_that_are_not_sent_yet_keep_their_words_and_are_waited_for(
    database: Database, clock: FakeClock
):
    bot = Running(database, clock)
    await bot.say()

    left = await copies(bot)
    assert isinstance(left, Again)
    assert "not sent yet" in left.because
    async with database.read() as conn:
        waiting = (await conn.execute(select(outbox.c.text).where(outbox.c.state == "pending"))).scalars().all()
    assert waiting
    assert all(waiting)
    await bot.send()
    assert await copies(bot) is Outcome.DONE


async def test_a_message_whose_copy_is_gone_is_still_known_and_edited(database: Database, clock: FakeClock):
    bot = Running(database, clock)
    await bot.say()
    await bot.send()
    assert await copies(bot) is Outcome.DONE

    async with bot.unit() as work:
        round = await work.get(standup_answers.Round, "S-1")
        assert round
        await standup_answers.close(work, "S-1", ANA)
    async with database.read() as conn:
        rows = (
            await conn.execute(select(outbox.c.text, outbox.c.revision).where(outbox.c.state == "pending"))
        ).all()
    assert any(row.text and row.revision > 1 for row in rows)


async def test_a_dead_letter_with_the_words_goes_too(database: Database, clock: FakeClock, tmp_path: Path):
    bot = Running(database, clock)
    await bot.say()
    await bot.send()
    async with database.write() as conn:
        await conn.execute(update(outbox).where(outbox.c.text.contains(MARK)).values(state=DEAD))
    await bot.forget()
    await bot.send()
    clock.move(privacy.AGAIN)
    await bot.worker.turn()

    assert set((await held_in(database, tmp_path)).values()) == {0}


async def both_said(bot: Running) -> None:
    """Tom and Ana answer in the same round, and Luis reads a digest and an export of it."""
    async with bot.unit() as work:
        await standup_answers.start(work, "#team-web", [TOM.id, ANA.id], ANA)
    for who, words in ((TOM, f"{MARK} is <mine> & long"), (ANA, "the lighthouse needs paint, again")):
        async with bot.unit() as work:
            await standup_answers.answer(work, "S-1", who, lines(words, words, ""))
    context = {"sentence": f"{MARK} is <mine> & long, the lighthouse", "usage": "", "help_with": ""}
    others = {"sentence": "the lighthouse needs paint, again", "usage": "", "help_with": ""}
    async with bot.unit() as work:
        for key, about in (("export:luis", context), ("export:other", others)):
            content = str(about["sentence"]).encode()
            work.say(File(f"standup.{key}", LUIS.id, "a.json", content, "refusals/refusal", others))
        work.say(Message("deployment:D-1", "#team-web", "refusals/refusal", others))
        work.say(Message(f"home:{ANA.id}", ANA.id, "refusals/refusal", context))
        work.say(Message(f"home:{LUIS.id}", LUIS.id, "refusals/refusal", others))


OTHERS = (f"round:S-1:answer:{ANA.id}", "standup.export:other", "deployment:D-1", f"home:{LUIS.id}")
SHARED = ("standup.export:luis", f"home:{ANA.id}")


@pytest.mark.parametrize("state", [SENT, DEAD])
async def test_what_others_said_stays_also_where_it_could_not_be_sent(
    database: Database, clock: FakeClock, state: str
):
    bot = Running(database, clock)
    await both_said(bot)
    async with database.write() as conn:
        await conn.execute(update(outbox).values(state=state, reason="channel_not_found"))
    before = {key: await row_of(bot, key) for key in OTHERS}

    await bot.forget()
    await bot.worker.turn()

    for key, was in before.items():
        assert await row_of(bot, key) == was, key
    for key in SHARED:
        left = await row_of(bot, key)
        assert left is None if state == DEAD else (left.text, left.blocks) == ("", []), key
    told = await row_of(bot, f"round:S-1:answer:{TOM.id}")
    assert "erased by whoever wrote it" in str(told.blocks)
    assert MARK not in str(await everything_said(bot))


async def everything_said(bot: Running) -> list[Any]:
    async with bot.database.read() as conn:
        return list((await conn.execute(select(outbox.c.key, outbox.c.text, outbox.c.blocks))).all())


async def test_anothers_dead_letter_can_be_redone_and_says_what_it_said(database: Database, clock: FakeClock):
    bot = Running(database, clock)
    await both_said(bot)
    await bot.send()
    key = f"round:S-1:answer:{ANA.id}"
    async with database.write() as conn:
        await conn.execute(update(outbox).where(outbox.c.key == key).values(state=DEAD, reason="is_archived"))

    await bot.forget()
    await bot.worker.turn()
    async with bot.unit() as work:
        assert await work.revive(LetterKind.MESSAGE, key)
    again = await row_of(bot, key)
    assert again.state == "pending"
    assert "the lighthouse needs paint, again" in again.text


async def test_a_message_that_was_made_anew_without_the_words_stays_to_be_sent(
    database: Database, clock: FakeClock
):
    bot = Running(database, clock)
    await both_said(bot)
    async with database.write() as conn:
        await conn.execute(update(outbox).values(state=DEAD, reason="is_archived"))
    await bot.forget()
    async with database.write() as conn:  # it dies once more before the copies are looked at
        await conn.execute(update(outbox).values(state=DEAD, reason="is_archived"))
    await bot.worker.turn()

    assert await row_of(bot, f"round:S-1:answer:{TOM.id}") is not None


async def test_the_job_that_forgets_copies_holds_no_words(database: Database, clock: FakeClock):
    bot = Running(database, clock)
    await both_said(bot)
    async with bot.unit() as work:
        privacy.order_forgetting(work, TOM, "g")
    await bot.worker.turn()
    async with database.read() as conn:
        args = [job.args for job in await conn.execute(select(job_table)) if job.kind == privacy.COPIES]
    assert [f"round:S-1:answer:{TOM.id}", 1] in args[0]["copies"]
    assert MARK not in str(args)


async def test_a_log_that_somebody_reads_is_emptied_once_they_have_done(
    tmp_path: Path, sqlite_template: Path, open_database: Any, clock: FakeClock
):
    path = tmp_path / "eightbells.db"
    path.write_bytes(sqlite_template.read_bytes())
    bot = Running(database := await open_database(f"sqlite:///{path}"), clock)
    await bot.say()
    await bot.send()
    async with database.read() as conn:
        await conn.execute(select(outbox.c.id))
        async with bot.unit() as work:
            await standup_answers.start(work, "#later", [TOM.id], ANA)
        await bot.send()
        left = await copies(bot)
    assert isinstance(left, Again)
    assert "somebody reads" in left.because
    assert await copies(bot) is Outcome.DONE
    assert path.with_name("eightbells.db-wal").stat().st_size == 0
