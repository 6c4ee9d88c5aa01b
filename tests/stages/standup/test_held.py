"""What is held about somebody: they see it, and it goes when they say so; the ledger's chain stays whole."""

import json
from datetime import timedelta

from sqlalchemy import Text, cast, select

from bot.core.command import Reply
from bot.core.jobs import Due, Outcome
from bot.core.messages import File
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from bot.stages.standup import answers, privacy
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.prompt import SentPrompt
from bot.stages.standup.model.reader_digest import ReaderDigest
from bot.storage.engine.database import Database
from bot.storage.ledger import audits
from bot.storage.ledger.ledger import ledger_table
from bot.storage.ledger.seals import Sealer
from bot.storage.outbox.tables import outbox
from bot.storage.work.unit_of_work import UnitOfWork
from bot.team.people.model.presence import Presence
from commands.standup import command
from tests.answers import lines
from tests.fakes import ANA, LUIS, TEAM, TOM
from tests.rendered import RENDER, shown
from tests.stages.code.asking import HOUR, TOMS_NINE, Asked

SECRET = "my aunt is ill"


async def begun() -> Asked:
    there = Asked()
    await there.plan()
    await there.until(TOMS_NINE)
    await there.add(Presence(id=TOM.id, zone="Asia/Tokyo"))
    await there.use(command, "digest", by=TOM, standup="U-1", time=TOMS_NINE.time())
    await there.answer(TOM, SECRET, "the rollout", f"{SECRET} and nobody covers")
    await there.answer(ANA, "x", "y", "z")
    async with there.unit() as work:
        await blockers.close(work, "B-1", ANA)
    await there.until(TOMS_NINE + 12 * HOUR)
    return there


async def forget(there: Asked) -> None:
    await there.use(command, "forget-me-now", by=TOM)
    while jobs := [job for job in there.jobs.values() if job.kind == privacy.FORGET]:
        assert await there.do(jobs[0], privacy.forget_when_due) is Outcome.DONE


async def test_a_member_gets_a_file_of_all_that_is_held_about_them():
    there = await begun()
    answer = await there.use(command, "my-data", by=TOM)
    assert isinstance(answer, Reply)
    assert "1 answer" in RENDER(answer.template, answer.context).text
    (file,) = [message for message in there.log if isinstance(message, File)]
    assert file.to == TOM.id
    told = json.loads(file.content)
    assert told["answers"][0]["answer"] == SECRET
    assert told["settings"]["zone"] == "Asia/Tokyo"
    assert [one["id"] for one in told["blockers"]] == ["B-1"]
    assert told["digests"] == [{"stand-up": "U-1", "at": "08:00"}]
    assert "x" not in [one["answer"] for one in told["answers"]]


async def test_forgetting_asks_first():
    there = await begun()
    answer = await there.use(command, "forget-me", by=TOM)
    assert isinstance(answer, Reply)
    assert "It cannot be undone" in RENDER(answer.template, answer.context).text
    assert (await there.get(StandupAnswer, f"S-1/{TOM.id}")).said


async def test_forgetting_takes_words_and_settings_and_leaves_counts_and_others():
    there = await begun()
    before = shown(there.said["round:S-1"])
    await forget(there)

    erased = await there.get(StandupAnswer, f"S-1/{TOM.id}")
    assert (erased.said, erased.erased) == ((), True)
    assert (await there.get(StandupAnswer, f"S-1/{ANA.id}")).said
    assert await there.find(Presence) == []
    assert await there.find(ReaderDigest) == []
    assert [sent.user_id for sent in await there.find(SentPrompt)] == [LUIS.id]  # Ana was quicker
    assert (await there.get(Blocker, "B-1")).what == "(erased)"
    told = "\n".join(shown(message) for message in there.said.values() if message.to != TOM.id)
    assert SECRET not in told
    assert "2 of 3 in" in before
    assert "2 of 3 in" in shown(there.said["round:S-1"])
    assert "erased by whoever wrote it" in shown(there.said[f"round:S-1:answer:{TOM.id}"])
    assert [job for job in there.jobs.values() if job.kind == "standup.digest"] == []
    assert "standup.forgotten" in there.kinds


async def test_many_answers_are_forgotten_a_part_at_a_time():
    there = Asked()
    for n in range(privacy.AT_ONCE + 5):
        async with there.unit() as work:
            await answers.start(work, f"#c{n}", [TOM.id, ANA.id], ANA)
        await there.answer(TOM, SECRET, round=f"S-{n + 1}")
    await there.use(command, "forget-me-now", by=TOM)
    (first,) = [job for job in there.jobs.values() if job.kind == privacy.FORGET]
    await there.do(first, privacy.forget_when_due)
    (second,) = [job for job in there.jobs.values() if job.kind == privacy.FORGET]
    assert sum(bool(answer.said) for answer in await there.find(StandupAnswer)) == 5
    await there.do(second, privacy.forget_when_due)
    assert sum(bool(answer.said) for answer in await there.find(StandupAnswer)) == 0
    assert sum(kind == "standup.forgotten" for kind in there.kinds) == 1


async def test_a_message_that_is_no_longer_known_is_not_posted_anew():
    there = await begun()
    there.clock.move(privacy.SHOWN_WITHIN + timedelta(days=1))
    before = len(there.log)
    await forget(there)
    assert [message.key for message in there.log[before:] if message.key.startswith("round:")] == []


async def test_nothing_of_it_is_left_in_the_database_and_the_chain_stays_whole(database: Database):
    unit = UnitOfWork(database, team=TEAM, render=RENDER)
    async with unit() as work:
        await answers.start(work, "#standup", [TOM.id, ANA.id], ANA)
    async with unit() as work:
        await answers.answer(work, "S-1", TOM, lines(SECRET, "the rollout"))
    sealer = Sealer(database)
    await sealer.seal()
    async with unit() as work:
        privacy.order_forgetting(work, TOM, "g")
    async with unit() as work:
        job = privacy.Job(privacy.FORGET, "g", work.now, {"user": TOM.id, "key": "g", "part": 0})
        assert await privacy.forget_when_due(work, Due(job, timedelta(), 1)) is Outcome.DONE
    await sealer.seal()

    async with database.read() as conn:
        assert (await audits.audit(conn, database.clock.now())).faults == []
    async with unit() as work:
        answer = await work.get(StandupAnswer, f"S-1/{TOM.id}")
        assert answer
        assert answer.erased
    async with database.read() as conn:
        rows = (await conn.execute(select(outbox.c.text, cast(outbox.c.blocks, Text)))).all()
        entries = (await conn.execute(select(cast(ledger_table.c.facts, Text)))).all()
    assert SECRET not in str(rows)
    assert SECRET not in str(entries)
    assert "the rollout" not in str(rows)
