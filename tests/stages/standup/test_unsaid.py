"""A channel that is gone, or that the bot is not in: the lead hears of it, and nothing of the round is lost."""

import pytest

from bot.core.dead_letters import DeadLetter, LetterKind
from bot.core.jobs import DIED, Job, Outcome
from bot.core.refusals import Stale
from bot.stages.standup import undelivered
from tests.fakes import ANA, TOM, World
from tests.rendered import buttons, shown
from tests.stages.code.asking import TOMS_NINE, Asked


async def died(there: World, key: str, to: str, reason: str) -> Outcome:
    job = Job(DIED, f"{DIED}:{key}:1:1", there.clock.now(), {"key": key, "to": to, "reason": reason})
    return await there.do(job, undelivered.tell_the_lead)


async def begun() -> Asked:
    there = Asked()
    await there.plan()
    await there.until(TOMS_NINE)
    return there


@pytest.mark.parametrize(
    ("reason", "todo"),
    [
        ("the bot is not in this channel: invite it (not_in_channel)", "“/invite @eightbells”"),
        (
            "the channel is archived (is_archived)",
            "Unarchive it, or choose another channel with “/standup edit U-1”",
        ),
        ("no channel #team-web that the bot can see", "Create it, or invite me"),
        ("the channel is read-only for the bot", "Ask an admin"),
    ],
)
async def test_the_lead_hears_why_and_what_to_do_and_the_round_goes_on(reason, todo):
    there = await begun()
    assert await died(there, "round:S-1", "#team-web", reason) is Outcome.DONE

    told = there.said["round:S-1:unsaid:#team-web"]
    assert told.to == ANA.id
    assert todo in shown(told)
    assert buttons(told) == [("standup.repost", "S-1")]
    assert (await there.answer(TOM, "did", "do")).plan == "do"


async def test_a_member_who_cannot_be_reached_is_told_to_the_lead():
    there = await begun()
    await died(there, there.key(TOM), TOM.id, "the person was deactivated (user_disabled)")

    assert "Tom gets no direct messages from Team web" in shown(there.said[f"round:S-1:unsaid:{TOM.id}"])


async def test_a_lead_who_cannot_be_reached_is_not_told_so():
    there = await begun()
    assert await died(there, "round:S-1:unsaid:#team-web", ANA.id, "user_disabled") is Outcome.NOOP
    assert await died(there, "deployment:D-1", "#deploys", "is_archived") is Outcome.NOOP


async def test_a_round_is_posted_again_as_it_is_now():
    there = await begun()
    there.store.dead.append(DeadLetter(LetterKind.MESSAGE, "round:S-1", "x", "is_archived", TOMS_NINE))
    async with there.unit() as work:
        await undelivered.say_again(work, "S-1", ANA)
    assert there.store.dead == []
    with pytest.raises(Stale, match="nothing waits"):
        async with there.unit() as work:
            await undelivered.say_again(work, "S-1", ANA)
