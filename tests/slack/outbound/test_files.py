"""Files: sent once, found again by their own name after an answer that was lost, and nobody else's trouble."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.messages import File
from bot.slack.outbound.files import ALT_MAX
from bot.storage.outbox.outbox import Put, put, put_of_file
from bot.storage.outbox.tables import outbox as outbox_table
from tests.slack.workspace import messenger_for, workspace

QUICK = {"call": timedelta(seconds=0.5)}
CSV = File("export:1", "U0ANA", "stand-up.csv", b"day,who\n2026-11-24,Tom\n", "standup/exported")


@pytest.fixture
async def place(tmp_path, clock):
    async with workspace(tmp_path, clock) as made:
        yield made


async def run(messenger, clock, place, *, within=timedelta(minutes=5)):
    end = clock.now() + within
    while (next_at := await messenger.step()) is not None and next_at <= end:
        clock.move(max(next_at - clock.now(), timedelta(0)))
        place.keep_time()


async def owe(database, clock, *files, text="Here it is"):
    async with database.write() as conn:
        await put(conn, [put_of_file(file, text) for file in files], clock.now())


def shared(said):
    return [file for message in said for file in message.get("files", ())]


async def test_a_file_arrives_with_its_words_its_title_and_what_it_shows(database, place, clock):
    messenger, _ = messenger_for(database, place, clock)
    picture = File("chart:1", "U0ANA", "chart.png", b"\x89PNG", "standup/charted", alt="Answers went up. " * 100)
    await owe(database, clock, picture)
    await run(messenger, clock, place)

    (message,) = await place.messages()
    (file,) = shared([message])
    assert message["text"] == "Here it is"
    assert message["channel"].startswith("D")
    assert (file["title"], file["size"], file["mimetype"]) == ("chart.png", 4, "image/png")
    assert file["name"] == picture.own_name != "chart.png"
    assert len(file["alt_txt"]) == ALT_MAX


@pytest.mark.parametrize("kind", ["reset_after_write", "timeout_after_write", "reset_before_write"])
@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_whose_answer_is_lost_is_there_once(kind, method, database, place, clock):
    messenger, _ = messenger_for(database, place, clock, **QUICK)
    await place.fault(kind=kind, method=method)
    await owe(database, clock, CSV)
    await run(messenger, clock, place)

    assert [file["name"] for file in shared(await place.messages())] == [CSV.own_name]


async def test_the_same_file_again_is_not_sent_twice(database, place, clock):
    messenger, _ = messenger_for(database, place, clock)
    for text in ("Here it is", "Here it is again"):
        await owe(database, clock, CSV, text=text)
        await run(messenger, clock, place)

    assert len(shared(await place.messages())) == 1


async def test_two_files_of_one_name_are_told_apart(database, place, clock):
    messenger, _ = messenger_for(database, place, clock, **QUICK)
    other = File("export:2", "U0ANA", "stand-up.csv", b"day\n", "standup/exported")
    await owe(database, clock, CSV)
    await run(messenger, clock, place)
    await place.fault(kind="reset_after_write", method="files.completeUploadExternal")
    await owe(database, clock, other)
    await run(messenger, clock, place)

    assert sorted(file["name"] for file in shared(await place.messages())) == sorted([CSV.own_name, other.own_name])


async def test_what_was_sent_is_not_kept(database, place, clock):
    messenger, _ = messenger_for(database, place, clock)
    await owe(database, clock, CSV)
    await run(messenger, clock, place)
    async with database.read() as conn:
        assert (await conn.execute(select(outbox_table.c.kind, outbox_table.c.blocks))).all() == [("file", [])]


async def test_without_the_scope_the_file_is_a_dead_letter_and_everything_else_goes_on(database, place, clock):
    messenger, outbox = messenger_for(database, place, clock)
    await place.fault(kind="error", method="files.getUploadURLExternal", error="missing_scope")
    await owe(database, clock, CSV)
    await run(messenger, clock, place)
    assert messenger.trouble is None
    assert [letter.key for letter in await outbox.dead()] == ["export:1"]
    async with database.write() as conn:
        await put(conn, [Put("news", "#c0", "news")], clock.now())
    await run(messenger, clock, place)
    assert await place.texts() == ["news"]


async def test_bytes_that_slack_does_not_take_are_tried_again_and_then_given_up(database, place, clock):
    messenger, outbox = messenger_for(database, place, clock)
    place.play.base_url = f"{place.url}/nowhere"
    await owe(database, clock, CSV)
    await run(messenger, clock, place, within=timedelta(hours=1))
    (letter,) = await outbox.dead()
    assert "did not take the bytes" in letter.reason
    assert shared(await place.messages()) == []
