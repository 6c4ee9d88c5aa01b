"""Looking back: what was kept, late and missed."""

from bot.core.command import Reply
from commands.standup import command
from tests.fakes import TOM
from tests.rendered import RENDER
from tests.stages.code.asking import HOUR, MINUTE, TOMS_NINE, Asked


def words(answer: object) -> str:
    assert isinstance(answer, Reply)
    rendered = RENDER(answer.template, answer.context)
    return f"{rendered.text}\n{rendered.blocks}"


async def test_health_tells_kept_late_and_missed_of_each_stand_up():
    there = Asked()
    await there.plan()
    there.clock.move(TOMS_NINE + 3 * HOUR + MINUTE - there.clock.at)  # Tom's time has passed, Ana's has not
    await there.until(there.clock.at)
    assert "0 of 2 · 1 late · 1 missed" in words(await there.use(command, "health", standup="U-1"))
    await there.until(TOMS_NINE + 12 * HOUR)

    told = words(await there.use(command, "health"))
    assert "3 questions · 1 late · 1 missed" in told
    assert "🔴 Missed some · *Team web* (U-1): 33 % in time, 1 of 3" in told
    assert "Tue 24 Nov: 1 late 1 missed" in told


async def test_health_forgets_what_is_older_than_a_month():
    there = Asked()
    await there.plan()
    await there.until(TOMS_NINE + 12 * HOUR)
    assert "100 % in time, 3 of 3" in words(await there.use(command, "health", by=TOM))
    there.clock.move(31 * 24 * HOUR)
    assert "nothing was to be asked" in words(await there.use(command, "health", by=TOM))
