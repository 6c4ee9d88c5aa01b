"""Who goes first in one conversation, on both databases, and that a long queue does not make the next one costlier."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.core.messages import Band
from bot.storage.outbox.outbox import Outbox
from bot.storage.outbox.steps import Doing, Doubt, Gone, Later, Sent, Step
from tests.storage.test_outbox import SECOND, news, one
from tests.storage.test_plans import heard

BACKLOG = 2_000


def sent(step: Step, clock, ts: str = "") -> Sent:
    return Sent(step, clock.now(), step.channel, ts or f"{step.id}.0", step.revision)


async def drained(outbox: Outbox, clock) -> list[str]:
    """What goes, in its order, until nothing does."""
    order: list[str] = []
    while steps := (await outbox.claim(10)).steps:
        order += [step.key for step in steps]
        await outbox.settle([sent(step, clock) for step in steps])
        clock.move(2 * SECOND)
    return order


async def test_the_more_urgent_pass_what_waits_and_equals_keep_their_order(outbox, say, clock):
    await say(*(news(f"bulk{n}", band=Band.BULK) for n in range(2)))
    await say(*(news(f"normal{n}") for n in range(2)), *(news(f"now{n}", band=Band.NOW) for n in range(2)))

    assert await drained(outbox, clock) == ["now0", "now1", "normal0", "normal1", "bulk0", "bulk1"]


async def test_a_page_in_the_thread_of_a_posted_card_passes_the_channels_backlog(outbox, say, clock):
    await say(news("card"))
    await drained(outbox, clock)
    await say(*(news(f"bulk{n}", band=Band.BULK) for n in range(5)), news("line", thread_of="card"))
    await say(news("p7 is called", thread_of="card", band=Band.NOW))

    assert (await drained(outbox, clock))[:3] == ["p7 is called", "line", "bulk0"]


async def test_a_card_that_is_not_posted_yet_is_as_urgent_as_its_most_urgent_reply(outbox, say, clock):
    await say(*(news(f"bulk{n}", band=Band.BULK) for n in range(3)), news("card", band=Band.BULK))
    await say(news("p7 is called", thread_of="card", band=Band.NOW))

    assert (await drained(outbox, clock))[:3] == ["card", "p7 is called", "bulk0"]


async def test_a_reply_to_a_reply_that_waits_neither_passes_nor_stops_its_conversation(outbox, say, clock):
    await say(news("root", band=Band.BULK), news("reply", thread_of="root", band=Band.BULK))
    await say(news("page", thread_of="reply", band=Band.NOW), news("other", band=Band.NOW))

    assert await drained(outbox, clock) == ["other", "root", "reply", "page"]


async def test_a_card_that_somebody_deleted_is_posted_before_what_answers_it(outbox, say, clock):
    await say(news("card"))
    await drained(outbox, clock)
    await say(news("card", "changed"))
    await outbox.settle([Gone(await one(outbox))])
    await say(news("p7 is called", thread_of="card", band=Band.NOW))
    clock.move(2 * SECOND)

    assert await drained(outbox, clock) == ["card", "p7 is called"]


@pytest.mark.parametrize("how", ["being sent", "in doubt"])
async def test_what_has_begun_is_not_overtaken(outbox, say, clock, how, database):
    await say(news("begun", band=Band.BULK))
    step = await one(outbox)
    if how == "in doubt":
        await outbox.settle([Doubt(step, clock.now() + 2 * SECOND, "no answer", 1)])
    await say(news("now", band=Band.NOW))
    if how == "in doubt":
        assert not (await outbox.claim(10)).steps
        clock.move(2 * SECOND)
    else:  # whoever sent it died
        await outbox.release()
        clock.move(SECOND)

    looked = await one(outbox)
    assert (looked.key, looked.doing) == ("begun", Doing.LOOK)
    await outbox.settle([sent(looked, clock)])
    clock.move(SECOND)
    assert (await one(outbox)).key == "now"


async def test_what_is_not_there_for_sure_is_passed_while_it_waits_to_be_tried_again(outbox, say, clock):
    await say(news("refused", band=Band.BULK))
    await outbox.settle([Later(await one(outbox), clock.now() + 60 * SECOND, "no", refused=True)])
    await say(news("now", band=Band.NOW))
    clock.move(SECOND)
    assert (await one(outbox)).key == "now"


async def test_a_pause_that_slack_asked_for_holds_urgent_messages_too(outbox, say, clock):
    await say(news("early"))
    await outbox.settle([Later(await one(outbox), clock.now() + 4 * SECOND, "too fast", paced=True)])
    await say(news("now", band=Band.NOW))
    for _ in range(3):
        clock.move(SECOND)
        assert not (await outbox.claim(10)).steps
    clock.move(SECOND)
    assert (await one(outbox)).key == "now"


async def test_edits_of_critical_cards_pass_others_and_equals_take_turns(outbox, say, clock):
    cards = {"bulk": Band.BULK, "normal": Band.NORMAL, "now": Band.NOW, "now too": Band.NOW}
    await say(*(news(key, band=band) for key, band in cards.items()))
    await drained(outbox, clock)
    for text in ("second", "third"):  # one edit of each, as it is last
        for key, band in cards.items():
            clock.move(timedelta(milliseconds=1))
            await say(news(key, text, band=band))
    edits = []
    while steps := (await outbox.claim(10)).steps:
        edits += [(step.key, step.text, step.doing) for step in steps]
        await outbox.settle([sent(step, clock, step.ts) for step in steps])
        clock.move(2 * SECOND)

    assert edits == [(key, "third", Doing.EDIT) for key in ("now", "now too", "normal", "bulk")]


async def test_a_waiting_message_that_becomes_critical_moves_forward(outbox, say, clock):
    await say(news("other"), news("card", "a warning"))
    await say(news("card", "critical", band=Band.NOW))

    assert await drained(outbox, clock) == ["card", "other"]


async def work_of_a_look(outbox: Outbox, database) -> float:
    """How much the database reads to find what goes next: its machine's steps, or rows."""
    with heard() as statements:
        await outbox.claim(1)
    statement, parameters = next((said, given) for said, given in statements.items() if "RECURSIVE" in said)
    async with database.read() as conn:
        if database.dialect == "postgresql":
            # A table as small as this one is read whole; that a large one is not, test_plans.py shows.
            for way in ("seqscan", "hashjoin", "mergejoin"):
                await conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            explained = await conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", tuple(parameters))
            return sum(rows_of(explained.scalar()[0]["Plan"]))
        file = conn.engine.url.database
    return steps_of(str(file), statement, parameters)


def rows_of(node: Mapping[str, Any]) -> Iterator[float]:
    """Of every node that reads a table, also those that it threw away."""
    if "Relation Name" in node:
        yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + 1) * node["Actual Loops"]
    for inner in node.get("Plans", ()):
        yield from rows_of(inner)


def steps_of(file: str, statement: str, parameters: Any) -> int:
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    connection = sqlite3.connect(file)
    connection.set_progress_handler(count, 1)
    connection.execute(statement, tuple(parameters)).fetchall()
    connection.close()
    return counted


async def test_the_next_one_costs_the_same_however_many_wait_behind_it(database, outbox, say, clock):
    await say(*(news(f"few{n}", to=f"C{n % 5}", band=Band.BULK) for n in range(20)))
    before = await work_of_a_look(outbox, database)
    await say(*(news(f"many{n}", to=f"C{n % 5}", band=Band.BULK) for n in range(BACKLOG)))
    if database.dialect == "postgresql":
        async with database.write() as conn:
            await conn.exec_driver_sql("ANALYZE outbox")
    await outbox.release()
    after = await work_of_a_look(outbox, database)

    assert after < 3 * before, (before, after)
