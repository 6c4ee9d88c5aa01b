"""What is put, claimed, settled and found in the outbox, on both databases."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

import bot.storage.outbox.tables
from bot.core.jobs import DIED, Outcome
from bot.core.messages import Band
from bot.storage.engine.errors import StorageUnavailable
from bot.storage.outbox.outbox import Outbox, Pace, Put, put
from bot.storage.outbox.steps import Checked, Dead, Doing, Doubt, Gone, Later, Resolved, Sent, Step
from bot.storage.queues.jobs import Jobs

SECOND = timedelta(seconds=1)


def news(key: str, text: str = "news", *, to: str = "C1", **more) -> Put:
    return Put(key, to, text, **more)


def sent(step: Step, clock, ts: str = "1.000001", revision: int | None = None) -> Sent:
    return Sent(step, clock.now(), step.channel, ts, step.revision if revision is None else revision)


async def one(outbox: Outbox) -> Step:
    claim = await outbox.claim(10)
    assert len(claim.steps) == 1, claim.steps
    return claim.steps[0]


async def test_messages_of_a_channel_go_one_at_a_time_in_the_order_they_were_put(outbox, say, clock):
    await say(*(news(f"m{n}") for n in range(3)))
    order = []
    for n in range(3):
        step = await one(outbox)
        assert (await outbox.claim(10)).steps == ()
        await outbox.settle([sent(step, clock, f"{n}.0")])
        order.append(step.key)
        clock.move(SECOND)
    assert order == ["m0", "m1", "m2"]
    assert (await outbox.claim(10)).steps == ()


async def test_a_channel_rests_a_second_between_posts_and_says_until_when(outbox, say, clock):
    await say(news("a"), news("b"))
    await outbox.settle([sent(await one(outbox), clock)])
    claim = await outbox.claim(10)
    assert (claim.steps, claim.next_at) == ((), clock.now() + SECOND)
    clock.move(SECOND - timedelta(microseconds=1))
    assert not (await outbox.claim(10)).steps
    clock.move(timedelta(microseconds=1))
    assert (await one(outbox)).key == "b"


async def test_what_changes_before_it_is_posted_is_posted_once_as_it_is_last(outbox, say, clock):
    await say(news("a", "one"))
    await say(news("a", "two"), news("a", "three"))
    step = await one(outbox)
    assert (step.doing, step.text) == (Doing.POST, "three")
    await outbox.settle([sent(step, clock)])
    clock.move(SECOND)
    assert not (await outbox.claim(10)).steps


async def test_a_change_while_it_is_being_posted_becomes_an_edit_afterwards(outbox, say, clock):
    await say(news("a", "one"))
    step = await one(outbox)
    await say(news("a", "two"))
    await outbox.settle([sent(step, clock, "7.0")])
    edit = await one(outbox)
    assert (edit.doing, edit.text, edit.channel, edit.ts) == (Doing.EDIT, "two", "C1", "7.0")


async def test_an_unchanged_payload_is_no_edit(outbox, say, clock):
    await say(news("a", blocks=({"type": "divider"},)))
    await outbox.settle([sent(await one(outbox), clock)])
    clock.move(timedelta(minutes=1))
    await say(news("a", blocks=({"type": "divider"},)))
    assert await outbox.claim(10) == await outbox.claim(10)
    assert not (await outbox.claim(10)).steps


async def test_edits_take_turns_however_often_one_message_changes(outbox, say, clock):
    for n, key in enumerate(("busy", "calm")):
        await say(news(key))
        await outbox.settle([sent(await one(outbox), clock, f"{n}.0")])
        clock.move(SECOND)
    served = []
    await say(news("busy", "0"))
    clock.move(SECOND)
    await say(news("calm", "changed"))
    for n in range(3):
        await say(news("busy", f"{n}!"))
        clock.move(2 * SECOND)
        step = await one(outbox)
        served.append(step.key)
        await outbox.settle([sent(step, clock, step.ts)])
        await say(news("busy", f"{n}?"))
    assert served == ["busy", "calm", "busy"]


async def test_a_reply_waits_for_the_message_it_answers_whatever_the_order_they_were_put_in(outbox, say, clock):
    await say(news("reply", thread_of="card"), news("card"))
    step = await one(outbox)
    assert step.key == "card"
    await outbox.settle([sent(step, clock, "5.5")])
    clock.move(SECOND)
    reply = await one(outbox)
    assert (reply.key, reply.thread_ts, reply.channel) == ("reply", "5.5", "C1")


async def test_replies_to_what_could_not_be_sent_die_with_it_and_come_back_with_it(outbox, say, clock):
    await say(news("card"), news("reply", thread_of="card"), news("other"))
    await outbox.settle([Dead(await one(outbox), "is_archived")])
    clock.move(SECOND)
    assert not (await outbox.claim(10)).steps  # the reply was the head, and was buried
    assert (await one(outbox)).key == "other"
    assert {letter.key for letter in await outbox.dead()} == {"card", "reply"}
    assert (await outbox.depth())[1] == 2
    assert await outbox.resend("card")
    assert not await outbox.resend("card")
    assert await outbox.dead() == []


async def test_a_name_is_resolved_once_and_what_waits_for_it_moves_along(outbox, say, clock):
    await say(news("a", to="#deploys"), news("b", to="#deploys"), news("c", to="C1"))
    claim = await outbox.claim(10)
    resolve = next(step for step in claim.steps if step.doing is Doing.RESOLVE)
    assert [step.to for step in claim.steps] == ["#deploys", "C1"]
    await outbox.settle([Resolved(resolve, "C1"), sent(claim.steps[1], clock)])
    await say(news("d", to="#deploys"))
    order = []
    for n in range(3):
        clock.move(SECOND)
        step = await one(outbox)
        assert (step.doing, step.channel) == (Doing.POST, "C1")
        order.append(step.key)
        await outbox.settle([sent(step, clock, f"{n}.0")])
    assert order == ["a", "b", "d"]


async def test_an_unknown_channel_buries_all_that_wait_for_it(outbox, say, clock):
    await say(news("a", to="#nowhere"), news("b", to="#nowhere"))
    await outbox.settle([Dead(await one(outbox), "no channel")])
    assert [letter.key for letter in await outbox.dead()] == ["b", "a"]
    await say(news("a", "changed", to="#nowhere"))
    assert (await one(outbox)).key == "a"


async def test_what_was_being_sent_when_its_owner_died_is_looked_for_and_holds_the_lane(
    database, outbox, say, clock
):
    await say(news("a"), news("b"))
    await one(outbox)
    after = Outbox(database, "after the crash")
    if database.dialect == "sqlite":
        await after.take_over()
    else:
        await outbox.release()
    look = await one(after)
    assert (look.key, look.doing, look.since) == ("a", Doing.LOOK, clock.now())
    await after.settle([Doubt(look, clock.now() + SECOND, "not seen yet", 1)])
    assert not (await after.claim(10)).steps
    clock.move(SECOND)
    look = await one(after)
    assert look.looks == 1
    await after.settle([sent(look, clock, "3.0", revision=1)])
    clock.move(SECOND)
    assert (await one(after)).key == "b"


async def test_a_lane_is_taken_over_when_its_lease_has_run_out_and_the_late_answer_changes_nothing(
    database, say, clock
):
    slow = Outbox(database, "slow", pace=Pace(lease=timedelta(0)))
    other = Outbox(database, "other")
    await say(news("a"))
    step = await one(slow)
    clock.move(timedelta(microseconds=1))
    look = await one(other)
    assert look.doing is Doing.LOOK
    assert await slow.settle([sent(step, clock)]) == 1
    assert await outbox_state(database, "a") == "doubt"


async def outbox_state(database, key: str) -> str:
    table = bot.storage.outbox.tables.outbox
    async with database.read() as conn:
        return (await conn.execute(table.select().where(table.c.key == key))).one().state


async def test_two_replicas_never_hold_the_same_conversation(postgres_server, open_database, clock):
    url = postgres_server.fresh()
    first, second = await open_database(url, "one"), await open_database(url, "two")
    boxes = [Outbox(first, "one"), Outbox(second, "two")]
    async with first.write() as conn:
        await put(conn, [news(f"m{n}", to=f"C{n % 40}") for n in range(120)], clock.now())
    claims = await asyncio.gather(*(box.claim(15) for box in boxes for _ in range(2)))
    held = [step.lane for claim in claims for step in claim.steps]
    assert len(held) == len(set(held))
    assert len(held) >= 15


async def test_urgent_messages_go_before_others_and_pull_their_conversation_along(outbox, say):
    await say(
        news("bulk", to="C1", band=Band.BULK),
        news("normal", to="C2"),
        news("before", to="C3", band=Band.BULK),
        news("page", to="C3", band=Band.NOW, thread_of="before"),
    )
    assert [step.key for step in (await outbox.claim(10)).steps] == ["before", "normal", "bulk"]


async def test_an_urgent_message_overtakes_what_waits_in_its_conversation_with_what_its_replies_answer(
    outbox, say, clock
):
    await say(news("m0"), news("m1"), news("m2"))
    first = await one(outbox)
    await say(news("urgent", band=Band.NOW), news("reply", band=Band.NOW, thread_of="m1"))
    order = []
    while True:
        await outbox.settle([sent(first, clock, f"{len(order)}.0")])
        order.append(first.key)
        clock.move(SECOND)
        steps = (await outbox.claim(10)).steps
        if not steps:
            break
        (first,) = steps
    assert order == ["m0", "m1", "urgent", "reply", "m2"]


async def test_bulk_waits_for_the_workspace_while_urgent_messages_never_do(database, say, clock):
    outbox = Outbox(database, "me", pace=Pace(per_second=2, burst=2, overdraft=1))
    await say(*(news(f"bulk{n}", to=f"CB{n}", band=Band.BULK) for n in range(4)))
    claim = await outbox.claim(10)
    assert len(claim.steps) == 2
    assert claim.next_at == clock.now() + SECOND
    await say(*(news(f"normal{n}", to=f"CN{n}") for n in range(3)), news("page", to="CP", band=Band.NOW))
    assert [step.key for step in (await outbox.claim(10)).steps] == ["page"]  # and it took the overdraft
    clock.move(SECOND)
    assert [step.key for step in (await outbox.claim(10)).steps] == ["normal0", "normal1"]


async def test_a_no_that_passes_is_tried_again_later_and_nothing_overtakes_it(outbox, say, clock):
    await say(news("a"), news("b"))
    await outbox.settle([Later(await one(outbox), clock.now() + 30 * SECOND, "rate_limited", refused=True)])
    clock.move(29 * SECOND)
    claim = await outbox.claim(10)
    assert (claim.steps, claim.next_at) == ((), clock.now() + SECOND)
    clock.move(SECOND)
    step = await one(outbox)
    assert (step.key, step.refusals, step.attempt) == ("a", 1, 2)


async def test_refused_blocks_are_left_out_until_others_take_their_place(outbox, say, clock):
    await say(news("a", blocks=({"type": "nonsense"},)))
    await outbox.settle([Later(await one(outbox), clock.now(), "invalid_blocks", plain=True)])
    clock.move(SECOND)
    step = await one(outbox)
    assert step.blocks == ()
    await outbox.settle([sent(step, clock)])
    await say(news("a", "changed", blocks=({"type": "divider"},)))
    clock.move(2 * SECOND)
    assert (await one(outbox)).blocks == ({"type": "divider"},)


async def test_what_was_posted_again_after_a_doubt_is_checked_for_doubles_a_minute_later(outbox, say, clock):
    await say(news("a"))
    step = await one(outbox)
    await outbox.settle([Doubt(step, clock.now(), "timeout", 0)])
    clock.move(SECOND)
    await outbox.settle([Later(await one(outbox), clock.now(), "missing", missing=True)])
    again = await one(outbox)
    assert (again.doing, again.since) == (Doing.POST, step.since)
    await outbox.settle([sent(again, clock, "2.0")])
    claim = await outbox.claim(10)
    assert (claim.steps, claim.next_at) == ((), clock.now() + timedelta(minutes=1))
    clock.move(timedelta(minutes=1))
    check = await one(outbox)
    assert check.doing is Doing.CHECK
    await outbox.settle([Checked(check, "1.0")])
    assert await outbox.lookup("a") == ("C1", "1.0")
    assert (await one(outbox)).doing is Doing.EDIT  # the elder one may say something older


async def test_a_deleted_message_is_owed_anew_as_its_next_generation(outbox, say, clock):
    await say(news("a"))
    await outbox.settle([sent(await one(outbox), clock)])
    await say(news("a", "changed"))
    await outbox.settle([Gone(await one(outbox))])
    clock.move(2 * SECOND)
    anew = await one(outbox)
    assert (anew.doing, anew.generation, anew.ts, anew.text) == (Doing.POST, 2, None, "changed")


async def test_a_home_tab_does_not_stand_behind_its_owners_direct_messages(outbox, say, clock):
    await say(news("hello", to="U1"))
    await outbox.settle([Resolved(await one(outbox), "D1")])
    await outbox.settle([sent(await one(outbox), clock)])  # where their direct messages go is known from now on
    await say(*(news(f"dm{n}", to="U1") for n in range(20)))
    await say(Put("home:U1", "U1", "one", kind="home"))
    shown = await one(outbox)  # the direct messages wait for a second after the last one
    assert (shown.doing, shown.lane, shown.channel) == (Doing.SHOW, "home:U1", None)
    await outbox.settle([Sent(shown, clock.now(), None, None, shown.revision)])


async def test_a_home_tab_that_stood_behind_direct_messages_leaves_them_when_it_changes(
    outbox, database, say, clock
):
    await say(news("dm", to="D1"), Put("home:U1", "U1", "one", kind="home"))
    table = bot.storage.outbox.tables.outbox
    async with database.write() as conn:  # as earlier versions put it
        await conn.execute(table.update().where(table.c.key == "home:U1").values(lane="D1", channel="D1"))
    await say(Put("home:U1", "U1", "two", kind="home"))
    steps = (await outbox.claim(10)).steps
    assert [(step.doing, step.lane) for step in steps] == [(Doing.POST, "D1"), (Doing.SHOW, "home:U1")]


async def test_a_home_tab_is_published_as_it_is_last(outbox, say, clock):
    await say(Put("home:U1", "U1", "one", kind="home"), Put("home:U1", "U1", "two", kind="home"))
    step = await one(outbox)
    assert (step.doing, step.to, step.text) == (Doing.SHOW, "U1", "two")
    await say(Put("home:U1", "U1", "three", kind="home"))
    await outbox.settle([Sent(step, clock.now(), None, None, step.revision)])
    clock.move(2 * SECOND)
    assert (await one(outbox)).text == "three"


async def test_messages_are_found_by_key_and_by_place(outbox, say, clock):
    await say(news("a"))
    assert await outbox.lookup("a") is None
    await outbox.settle([sent(await one(outbox), clock, "9.9")])
    assert await outbox.lookup("a") == ("C1", "9.9")
    assert await outbox.key_of("C1", "9.9") == "a"
    assert await outbox.key_of("C1", "9.8") is None


async def test_old_messages_are_forgotten_and_unsent_ones_never(outbox, say, clock):
    await say(news("old"))
    await outbox.settle([sent(await one(outbox), clock)])
    await say(news("owed"))
    clock.move(timedelta(days=100))
    assert await outbox.sweep(clock.now() - timedelta(days=90)) == 1
    assert await outbox.lookup("old") is None
    assert (await one(outbox)).key == "owed"


async def test_a_claim_whose_commit_was_not_answered_is_not_lost(database, outbox, say, clock, monkeypatch):
    await say(news("a"), news("b"))
    write = database.write

    @asynccontextmanager
    async def unanswered():
        async with write() as conn:
            yield conn
        raise StorageUnavailable("the connection was lost")

    monkeypatch.setattr(database, "write", unanswered)
    with pytest.raises(StorageUnavailable):
        await outbox.claim(10)
    monkeypatch.undo()
    step = await one(outbox)
    assert (step.key, step.doing) == ("a", Doing.LOOK)


async def test_a_check_that_ends_frees_no_lane_in_which_something_is_under_way(outbox, say, clock):
    await say(news("a"))
    await outbox.settle([Doubt(await one(outbox), clock.now(), "timeout", 0)])
    clock.move(SECOND)
    await outbox.settle([Later(await one(outbox), clock.now(), "missing", missing=True)])
    await outbox.settle([sent(await one(outbox), clock)])
    clock.move(timedelta(minutes=1))
    await say(news("a", "changed"))
    check, edit = (await outbox.claim(10)).steps
    assert (check.doing, edit.doing) == (Doing.CHECK, Doing.EDIT)
    await outbox.settle([Checked(check, check.ts)])
    assert not (await outbox.claim(10)).steps
    assert await outbox.settle([sent(edit, clock, edit.ts)]) == 0


async def test_a_workflow_hears_of_a_message_that_died_once_for_each_content(outbox, database, say, clock):
    jobs = Jobs(database, "me")
    await say(news("round:S-1", to="C1"))
    await outbox.settle([Dead(await one(outbox), "is_archived")])

    (died,) = await jobs.claim(clock.now(), 10)
    assert died.job.kind == DIED
    assert dict(died.job.args) == {"key": "round:S-1", "to": "C1", "reason": "is_archived"}
    await jobs.finish(died, Outcome.DONE)
    await outbox.resend("round:S-1")
    clock.move(SECOND)
    await outbox.settle([Dead(await one(outbox), "is_archived")])
    assert await jobs.claim(clock.now(), 10) == []
    await say(news("round:S-1", "other news", to="C1"))
    clock.move(SECOND)
    await outbox.settle([Dead(await one(outbox), "is_archived")])
    assert len(await jobs.claim(clock.now(), 10)) == 1
