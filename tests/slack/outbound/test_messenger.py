"""The messenger against the stand-in workspace: order, pace, edits, threads, refusals, and every kind of doubt."""

from datetime import timedelta

import pytest

from bot.core.messages import Band
from bot.slack.outbound.find_sent import mark
from bot.storage.outbox.outbox import Put, put
from bot.storage.outbox.steps import Doubt
from tests.slack.workspace import messenger_for, workspace

SECOND = timedelta(seconds=1)
QUICK = {"call": timedelta(seconds=0.3)}


@pytest.fixture
async def place(tmp_path, clock):
    async with workspace(tmp_path, clock) as made:
        yield made


@pytest.fixture
def say(database, clock):
    async def say(*puts: Put) -> None:
        async with database.write() as conn:
            await put(conn, puts, clock.now())

    return say


@pytest.fixture
def settle_down(clock, place):
    async def settle_down(messenger, *, within: timedelta = timedelta(minutes=10)) -> None:
        """Move the clock from one due instant to the next until nothing is left to do."""
        end = clock.now() + within
        while (next_at := await messenger.step()) is not None and next_at <= end:
            clock.move(max(next_at - clock.now(), timedelta(0)))
            place.keep_time()

    return settle_down


def news(key: str, text: str | None = None, *, to: str = "#c0", **more) -> Put:
    return Put(key, to, text or key, **more)


async def test_messages_arrive_once_in_order_with_their_key_and_without_previews(
    database, place, clock, say, settle_down
):
    messenger, outbox = messenger_for(database, place, clock)
    await say(*(news(f"m{n}", to="#c0") for n in range(3)), news("direct", to="U0ANA"))
    await messenger.step()
    await say(news("by-id", to="C0000"))
    await settle_down(messenger)
    said = await place.messages()
    assert [one["text"] for one in said if one["channel"] == "C0000"] == ["m0", "m1", "m2", "by-id"]
    assert next(one for one in said if one["text"] == "direct")["channel"].startswith("D")
    assert said[0]["metadata"] == {"event_type": "eightbells", "event_payload": {"key": "m0", "revision": 1}}
    assert await outbox.lookup("m0") == ("C0000", said[0]["ts"])


async def test_a_card_and_its_thread_are_kept_in_one_place(database, place, clock, say, settle_down):
    messenger, _ = messenger_for(database, place, clock)
    await say(
        news("card", "waiting"), news("line", thread_of="card"), news("end", thread_of="card", broadcast=True)
    )
    await settle_down(messenger)
    await say(news("card", "done"))
    await settle_down(messenger)
    card, line, end = await place.messages()
    assert card["text"] == "done"
    assert line["thread_ts"] == end["thread_ts"] == card["ts"]
    assert end.get("subtype") == "thread_broadcast"
    assert place.calls("chat.update") == 1


@pytest.mark.parametrize("kind", ["reset_after_write", "timeout_after_write"])
async def test_a_post_whose_answer_is_lost_stands_there_once(kind, database, place, clock, say, settle_down):
    messenger, outbox = messenger_for(database, place, clock, **QUICK)
    await place.fault(kind=kind, method="chat.postMessage")
    await say(news("a"), news("b"))
    await settle_down(messenger)
    assert await place.texts() == ["a", "b"]
    assert (await outbox.lookup("a"))[1] == (await place.messages())[0]["ts"]


async def test_a_post_of_a_clock_that_was_ahead_is_found_once_the_clock_is_put_right(
    database, place, clock, say, settle_down
):
    messenger, outbox = messenger_for(database, place, clock, **QUICK)
    clock.move(timedelta(hours=2))  # ours; Slack's goes on as it was
    await say(news("a", to="C0000"))
    (step,) = (await outbox.claim(1)).steps
    await place.client.chat_postMessage(channel="C0000", text=step.text, metadata=mark(step))
    await outbox.settle([Doubt(step, clock.now(), "no answer", 0)])
    clock.move(timedelta(hours=-2))
    await settle_down(messenger)
    assert await place.texts() == ["a"]
    assert place.calls("chat.postMessage") == 1


async def test_a_lost_answer_in_a_thread_is_found_in_the_thread(database, place, clock, say, settle_down):
    messenger, _ = messenger_for(database, place, clock, **QUICK)
    await say(news("card"))
    await settle_down(messenger)
    await place.fault(kind="reset_after_write", method="chat.postMessage")
    await say(news("first", thread_of="card"), news("second", thread_of="card"))
    await settle_down(messenger)
    assert await place.texts() == ["card", "first", "second"]
    assert place.calls("conversations.replies") == 1


async def test_a_post_that_never_arrived_is_looked_for_patiently_and_posted_again(
    database, place, clock, say, settle_down
):
    messenger, _ = messenger_for(database, place, clock)
    began = clock.now()
    await place.fault(kind="status", status=503, method="chat.postMessage")
    await say(news("a"), news("b"))
    await settle_down(messenger, within=timedelta(seconds=30))
    assert await place.texts() == ["a", "b"]
    assert place.calls("conversations.history") == 4  # at once, and after 2, 5 and 10 s more
    assert clock.now() - began >= timedelta(seconds=17)


async def test_the_late_check_removes_a_double_that_showed_up_after_all(database, place, clock, say, settle_down):
    messenger, outbox = messenger_for(database, place, clock)
    await place.fault(kind="status", status=503, method="chat.postMessage")
    await say(news("a"))
    await settle_down(messenger, within=timedelta(seconds=30))
    [posted] = await place.messages()
    # The first attempt becomes visible only now.
    late = await place.client.chat_postMessage(channel="C0000", text="a", metadata=posted["metadata"])
    await settle_down(messenger)
    assert [one["ts"] for one in await place.messages()] == [posted["ts"]]
    assert late["ts"] != posted["ts"]
    assert await outbox.lookup("a") == ("C0000", posted["ts"])


async def test_too_fast_holds_that_conversation_as_long_as_slack_says_and_no_other(
    database, place, clock, say, settle_down
):
    messenger, _ = messenger_for(database, place, clock)
    await say(news("before"), news("elsewhere", to="#c1"))
    await settle_down(messenger)
    await place.fault(kind="status", status=429, retry_after=30, method="chat.postMessage", channel="C0000")
    clock.move(SECOND)
    await say(news("held"), news("free", to="#c1"))
    assert await messenger.step() == clock.now() + timedelta(seconds=30)
    assert (await place.texts())[2:] == ["free"]
    await settle_down(messenger)
    assert (await place.texts())[3:] == ["held"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("is_archived", "archived"),
        ("not_in_channel", "invite"),
        ("msg_too_long", "too long"),
        ("thread_not_found", "gone"),
    ],
)
async def test_a_no_for_good_is_a_dead_letter_that_says_why_and_can_be_sent_again(
    code, shown, database, place, clock, say, settle_down
):
    messenger, outbox = messenger_for(database, place, clock)
    await place.fault(kind="error", error=code, method="chat.postMessage")
    await say(news("a"), news("b"))
    await settle_down(messenger)
    [letter] = await outbox.dead()
    assert (letter.key, letter.to) == ("a", "#c0")
    assert shown in letter.reason
    assert await place.texts() == ["b"]
    assert await outbox.resend("a")
    await settle_down(messenger)
    assert await place.texts() == ["b", "a"]


async def test_a_passing_no_is_tried_again_before_what_follows_it(database, place, clock, say, settle_down):
    messenger, _ = messenger_for(database, place, clock)
    await place.fault(kind="error", error="rate_limited", method="chat.postMessage", times=2)
    await place.fault(kind="error", error="something_new", method="chat.postMessage", times=2)
    await say(news("a"), news("b"))
    await settle_down(messenger)
    assert await place.texts() == ["a", "b"]


async def test_a_no_that_never_passes_is_given_up(database, place, clock, say, settle_down):
    messenger, outbox = messenger_for(database, place, clock, refusals=3)
    await place.fault(kind="error", error="something_new", method="chat.postMessage", times=3)
    await say(news("a"), news("b"))
    await settle_down(messenger)
    assert [letter.reason for letter in await outbox.dead()] == ["Slack refused it (something_new)"]
    assert await place.texts() == ["b"]


async def test_refused_blocks_go_as_plain_text_at_once(database, place, clock, say, settle_down):
    messenger, _ = messenger_for(database, place, clock)
    await say(news("a", "the words", blocks=({"type": "no_such_block"},)))
    await settle_down(messenger)
    [message] = await place.messages()
    assert message["text"] == "the words"
    assert not any(block["type"] == "no_such_block" for block in message.get("blocks", []))


async def test_a_refused_token_holds_everything_and_says_so_until_it_is_mended(
    database, place, clock, say, settle_down
):
    messenger, outbox = messenger_for(database, place, clock)
    await place.fault(kind="error", error="invalid_auth", method="chat.postMessage", times=2)
    await say(news("a"))
    await messenger.step()
    assert messenger.trouble == "Slack does not know our token (invalid_auth)"
    for _ in range(3):
        clock.move(SECOND)
        await messenger.step()
    assert messenger.trouble is None
    assert await place.texts() == ["a"]
    assert await outbox.dead() == []


async def test_a_deleted_card_is_posted_anew_and_a_deleted_reply_is_let_rest(
    database, place, clock, say, settle_down
):
    messenger, outbox = messenger_for(database, place, clock)
    await say(news("card"), news("other"), news("reply", thread_of="other"))
    await settle_down(messenger)
    for key in ("card", "reply"):
        channel, ts = await outbox.lookup(key)
        await place.client.chat_delete(channel=channel, ts=ts)
    await say(news("card", "card, changed"), news("reply", "reply, changed"))
    await settle_down(messenger)
    said = await place.messages()
    assert [one["text"] for one in said] == ["other", "card, changed"]
    assert said[1]["metadata"]["event_payload"] == {"key": "card", "revision": 2, "generation": 2}
    assert await outbox.lookup("card") == ("C0000", said[1]["ts"])


async def test_an_unknown_channel_is_asked_for_once_and_says_what_to_do(database, place, clock, say, settle_down):
    messenger, outbox = messenger_for(database, place, clock)
    await say(news("a", to="#nowhere"), news("b", to="#nowhere"))
    await settle_down(messenger)
    assert "create it, or invite the bot" in (await outbox.dead())[0].reason
    assert len(await outbox.dead()) == 2
    assert place.calls("conversations.list") == 1


async def test_a_home_tab_shows_the_newest(database, place, clock, say, settle_down):
    messenger, _ = messenger_for(database, place, clock)
    for text in ("one", "two", "three"):
        await say(Put("home:U0ANA", "U0ANA", text, kind="home"))
    await settle_down(messenger)
    assert place.calls("views.publish") == 1


async def test_what_an_earlier_process_was_sending_is_looked_for_before_it_is_sent_again(
    database_url, open_database, place, clock, say, settle_down, database
):
    _, outbox = messenger_for(database, place, clock)
    messenger, _ = messenger_for(database, place, clock)
    await say(news("a", to="C0000"), news("b", to="C0000"))
    [step] = (await outbox.claim(5)).steps  # and now it dies, after Slack has written the message
    await messenger._sender.carry_out(step)
    await outbox.release()
    await settle_down(messenger)
    assert await place.texts() == ["a", "b"]


async def test_a_page_overtakes_bulk_that_waits_for_the_workspace(database, place, clock, say):
    messenger, outbox = messenger_for(database, place, clock)
    outbox.pace = type(outbox.pace)(per_second=1, burst=1)
    await say(*(news(f"bulk{n}", to=f"C000{n}", band=Band.BULK) for n in range(3)))
    await messenger.step()
    await say(news("page", to="U0MEI", band=Band.NOW))
    await messenger.step()
    assert await place.texts() == ["bulk0", "page"]


async def test_a_dead_letter_finds_the_channel_that_has_the_name_by_now(database, place, clock, say, settle_down):
    messenger, outbox = messenger_for(database, place, clock)
    await say(news("before"))
    await settle_down(messenger)
    old, new = (place.play.workspace.conversations[channel] for channel in ("C0000", "C0001"))
    old.name, new.name = "c0-old", "c0"
    await place.fault(kind="error", error="is_archived", method="chat.postMessage")
    await say(news("after"))
    clock.move(SECOND)
    await settle_down(messenger)
    assert [letter.key for letter in await outbox.dead()] == ["after"]
    clock.move(timedelta(minutes=2))
    assert await outbox.resend("after")
    await settle_down(messenger)
    assert [(one["channel"], one["text"]) for one in await place.messages()] == [
        ("C0000", "before"),
        ("C0001", "after"),
    ]
    assert place.calls("conversations.history") == 0  # a definite no leaves no doubt


async def test_a_channel_list_without_the_scope_for_private_ones_finds_the_public_ones(
    database, place, clock, say, settle_down
):
    messenger, _ = messenger_for(database, place, clock)
    await place.fault(kind="error", error="missing_scope", method="conversations.list")
    await say(news("a", to="#c2"))
    await settle_down(messenger)
    assert await place.texts() == ["a"]
    assert place.calls("conversations.list") == 2


async def test_a_doubt_in_a_channel_that_cannot_be_read_is_left_to_a_person(
    database, place, clock, say, settle_down
):
    messenger, outbox = messenger_for(database, place, clock)
    await place.fault(kind="reset_after_write", method="chat.postMessage")
    await place.fault(kind="error", error="missing_scope", method="conversations.history")
    await say(news("a"), news("b"))
    await settle_down(messenger)
    [letter] = await outbox.dead()
    assert letter.reason.startswith("nobody knows whether it was posted, and its channel cannot be read")
    assert await place.texts() == ["a", "b"]
    assert await outbox.resend("a")  # by now it can be read, and is found
    await settle_down(messenger)
    assert await place.texts() == ["a", "b"]
    assert await outbox.lookup("a") is not None


async def test_another_apps_message_with_our_key_is_not_taken_for_ours(database, place, clock, say, settle_down):
    messenger, _ = messenger_for(database, place, clock)
    messenger._sender.bot_id = "B0SOMEBODYELSE"
    await place.fault(kind="reset_after_write", method="chat.postMessage")
    await say(news("a"))
    await settle_down(messenger)
    assert await place.texts() == ["a", "a"]
