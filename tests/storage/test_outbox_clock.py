"""A clock that is put back makes nobody wait: what it wrote down before is believed for a pause's length."""

from datetime import timedelta

from bot.core.messages import Band
from bot.storage.outbox.outbox import Outbox, Pace
from bot.storage.outbox.pauses import DIFFERENCE, LONGEST_WAIT, longest_refill
from bot.storage.outbox.steps import Checked, Doing, Doubt, Later, Sent
from tests.storage.test_outbox import SECOND, news, one, sent

BACK = -timedelta(hours=2)


async def test_a_channel_that_had_a_post_goes_on_when_the_clock_is_put_back(outbox, say, clock):
    await say(news("a"), news("b"))
    await outbox.settle([sent(await one(outbox), clock)])
    clock.move(BACK)
    step = await one(outbox)
    assert (step.key, step.not_before <= clock.now()) == ("b", True)


async def test_a_channel_that_had_an_edit_takes_the_next_when_the_clock_is_put_back(outbox, say, clock):
    await say(news("a"))
    await outbox.settle([sent(await one(outbox), clock)])
    for text in ("two", "three"):
        clock.move(BACK)
        await say(news("a", text))
        step = await one(outbox)
        assert (step.doing, step.text) == (Doing.EDIT, text)
        await outbox.settle([sent(step, clock)])


async def test_what_was_put_by_a_clock_that_was_ahead_is_said_by_the_one_that_is_not(outbox, say, clock):
    await say(news("a"))
    clock.move(-timedelta(minutes=5))
    assert (await one(outbox)).key == "a"


async def test_a_pause_that_slack_asked_for_is_over_when_the_clock_is_put_back_over_its_beginning(
    outbox, say, clock
):
    await say(news("a"))
    step = await one(outbox)
    await outbox.settle([Later(step, clock.now() + 60 * SECOND, "too fast (429)")])
    clock.move(-DIFFERENCE)
    assert not (await outbox.claim(10)).steps  # as two replicas' clocks may differ
    clock.move(-SECOND)
    assert (await one(outbox)).key == "a"


async def test_a_pause_lasts_no_longer_than_slack_may_ask_for(outbox, say, clock):
    await say(news("a"))
    step = await one(outbox)
    clock.move(3 * LONGEST_WAIT)  # it hung, say
    await outbox.settle([Later(step, clock.now() + LONGEST_WAIT, "too fast (429)")])
    assert not (await outbox.claim(10)).steps
    clock.move(-2 * LONGEST_WAIT)
    assert (await one(outbox)).key == "a"


async def test_a_doubt_is_looked_into_when_the_clock_is_put_back(outbox, say, clock):
    await say(news("a"))
    await outbox.settle([Doubt(await one(outbox), clock.now() + 10 * SECOND, "no answer", 1)])
    assert not (await outbox.claim(10)).steps
    clock.move(BACK)
    assert (await one(outbox)).doing is Doing.LOOK


async def test_doubles_are_searched_for_when_the_clock_is_put_back(outbox, say, clock):
    await say(news("a"))
    await outbox.settle([Doubt(await one(outbox), clock.now(), "no answer", 0)])
    clock.move(SECOND)
    await outbox.settle([Later(await one(outbox), clock.now(), "not there", missing=True)])
    await outbox.settle([sent(await one(outbox), clock)])
    assert not (await outbox.claim(10)).steps
    clock.move(BACK)
    step = await one(outbox)
    assert step.doing is Doing.CHECK
    await outbox.settle([Checked(step, step.ts)])
    assert (await outbox.claim(10)).next_at is None


async def test_the_workspaces_pace_recovers_when_the_clock_is_put_back(database, say, clock):
    pace = Pace(per_second=1.0, burst=2.0, overdraft=3.0)
    outbox = Outbox(database, "me", pace=pace)
    await say(*(news(f"n{n}", to=f"C{n}", band=Band.BULK) for n in range(8)))
    said = (await outbox.claim(10)).steps
    await outbox.settle([Sent(step, clock.now(), step.channel, f"{step.id}.0", 1) for step in said])
    clock.move(BACK)
    assert not (await outbox.claim(10)).steps  # nothing is given for the jump itself
    clock.move(longest_refill(pace))
    assert len((await outbox.claim(10)).steps) == 2
