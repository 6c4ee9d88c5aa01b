"""Looking back: words for whoever was there, counts for all, files, and a chart that tells of nobody."""

import csv
import io
import json
from datetime import date

import pytest

from bot.core.command import Reply
from bot.core.messages import File
from bot.core.refusals import Refusal, Unknown
from bot.stages.standup import history
from commands.standup import command
from tests.fakes import ANA, LUIS, MEI, TOM
from tests.rendered import RENDER
from tests.stages.code.asking import DAY, HOUR, SETUP, TOMS_NINE, Asked, without

FOUR = (TOM, ANA, LUIS, MEI)


async def begun(people=(TOM, ANA, LUIS), **changes):
    there = Asked()
    await there.plan(without(SETUP, people=tuple(person.id for person in people), **changes), people)
    await there.until(TOMS_NINE)
    await there.answer(TOM, "=C-38 is live", "the rollout", "tests are red")
    await there.until(TOMS_NINE + 12 * HOUR)
    return there


def words(answer):
    assert isinstance(answer, Reply)
    rendered = RENDER(answer.template, answer.context)
    return f"{rendered.text}\n{rendered.blocks}"


def files(there):
    return [message for message in there.log if isinstance(message, File)]


async def test_a_persons_answers_are_shown_to_those_who_were_in_the_same_round():
    there = await begun()
    assert "C-38 is live" in words(await there.use(command, "history", by=TOM))
    assert "C-38 is live" in words(await there.use(command, "history", by=LUIS, of="@Tom"))
    assert "C-38 is live" not in words(await there.use(command, "history", by=MEI, of="@Tom"))


async def test_of_a_stand_up_the_counts_are_shown_to_all():
    there = await begun()
    told = words(await there.use(command, "history", by=MEI, of="team web"))
    assert "1 of 3 in" in told
    assert "C-38" not in told


async def test_the_answers_of_a_day_are_for_those_who_were_in_it():
    there = await begun()
    assert "C-38 is live" in words(await there.use(command, "history", by=ANA, of="U-1", day=DAY))
    with pytest.raises(Refusal, match="You were in none of these rounds"):
        await there.use(command, "history", by=MEI, of="U-1", day=DAY)
    assert "0 answers" in words(await there.use(command, "history", by=ANA, of="U-1", day=date(2026, 11, 23)))


async def test_a_name_of_nobody_and_of_no_stand_up_is_refused():
    there = await begun()
    with pytest.raises(Unknown):
        await there.use(command, "history", of="Zoe")


async def test_a_csv_has_a_row_for_each_question_and_no_formula():
    there = await begun()
    await there.use(command, "export", by=TOM, standup="U-1")
    (file,) = files(there)
    assert (file.to, file.name) == (TOM.id, "team-web.csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [(row["person"], row["question"], row["answer"]) for row in rows] == [
        ("Tom", "Since last time", "'=C-38 is live"),
        ("Tom", "Next", "the rollout"),
        ("Tom", "Blocked by", "tests are red"),
    ]
    assert rows[0]["day"] == "2026-11-24"


async def test_a_json_is_for_programs():
    there = await begun()
    await there.use(command, "export", by=TOM, standup="U-1", format="json", day=date(2026, 11, 1))
    (file,) = files(there)
    rows = json.loads(file.content)
    assert [row["answer"] for row in rows] == ["=C-38 is live", "the rollout", "tests are red"]
    assert rows[0]["late_minutes"] == 0


async def test_whoever_was_in_no_round_exports_nothing():
    there = await begun()
    with pytest.raises(Refusal, match="You were in none"):
        await there.use(command, "export", by=MEI, standup="U-1")
    assert files(there) == []


async def test_the_lead_reads_what_was_said_though_they_are_not_asked():
    there = await begun(lead=MEI.id)
    await there.use(command, "export", by=MEI, standup="U-1")
    assert len(files(there)) == 1


async def test_a_chart_comes_with_what_it_shows_in_words():
    there = await begun(FOUR)
    await there.use(command, "chart", by=MEI, standup="U-1", key="gesture:9")
    (job,) = [job for job in there.jobs.values() if job.kind == "standup.chart"]
    await there.do(job, history.draw_when_due)
    await there.do(job, history.draw_when_due)  # again, after a crash

    first, second = files(there)
    assert first.key == second.key
    assert (first.to, first.name) == (MEI.id, "team-web.png")
    assert first.content.decode() == "Team web: who was asked and took part: 2026-11-24 25"
    assert first.alt == (
        "Bars of the share of people who took part in Team web, 1 rounds from 24 Nov 2026 to 24 Nov 2026: "
        "between 25 % and 25 %, 25 % on average, 25 % at last."
    )


async def test_there_is_no_chart_of_three_people():
    there = await begun()
    with pytest.raises(Refusal, match="asked 4 people or more"):
        await there.use(command, "chart", by=TOM, standup="U-1")
    assert [job for job in there.jobs.values() if job.kind == "standup.chart"] == []
