"""Who is asked about a blocker, and when: over nights, weekends, clock changes, leave, and when we were down."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.refusals import Refusal
from bot.stages.code import blockers
from bot.stages.code.ask_unblocker import go_on
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.team.people.model.presence import Place, Presence
from tests.fakes import ANA, LUIS, MEI, NOON, PEOPLE, TEAM, TOM
from tests.rendered import buttons, shown
from tests.stages.code.blocking import DAY, HOUR, LEA, Held


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]


async def test_who_works_now_is_asked_at_once_and_again_each_working_morning():
    there = Held()
    await there.air("staging is read-only", unblocker=TOM)

    assert there.asks() == [(TOM.id, NOON)]
    assert shown(there.to(TOM)[0]).startswith("🔴 Blocked, and you can change that · Luis: staging is read-only")

    await there.until(utc(2026, 11, 30, 12))  # over the weekend
    mornings = [utc(2026, 11, day, 8) for day in (25, 26, 27, 30)]
    assert there.asks() == [(TOM.id, at) for at in (NOON, *mornings)]
    with_buttons = [message for message in there.to(TOM) if buttons(message)]
    assert len(with_buttons) == 1  # the newest; the older ones say that they were asked again
    assert "Still blocked, and you can change that" in shown(with_buttons[0])
    assert "Asked again further down" in shown(there.to(TOM)[0])


@pytest.mark.parametrize(
    ("unblocker", "aired_at", "asked_at"),
    [
        (MEI, NOON, utc(2026, 11, 25, 0)),  # 21:00 in Tokyo
        (MEI, utc(2026, 11, 27, 9), utc(2026, 11, 30, 0)),  # Friday 18:00 in Tokyo
        (TOM, utc(2026, 10, 23, 20), utc(2026, 10, 26, 8)),  # clocks go back in Berlin on the Sunday between
        (replace(LUIS, id="U0LIS"), utc(2026, 3, 6, 23), utc(2026, 3, 9, 13)),  # and forward in New York
    ],
    ids=("night", "Friday evening", "clocks back", "clocks forward"),
)
async def test_nobody_is_asked_at_night_and_the_owner_learns_when(unblocker, aired_at, asked_at):
    there = Held(aired_at, people=(*PEOPLE, LEA, unblocker))
    await there.air("staging is read-only", ANA, unblocker)

    assert there.asks() == []
    (waits,) = there.to(ANA)
    assert shown(waits).startswith("🔵 Asked when their day begins")
    assert (await there.blocker()).next_at == asked_at
    assert [job.due for job in there.owed()] == [asked_at]

    await there.until(asked_at)
    assert there.asks() == [(unblocker.id, asked_at)]
    assert len(there.to(ANA)) == 1
    assert shown(there.to(ANA)[0]).startswith("🔵 Asked ·")


async def test_leave_and_holidays_are_waited_for():
    there = Held()
    await there.add(Presence(id=TOM.id, away_from=date(2026, 11, 24), away_until=date(2026, 11, 26)))
    await there.add(Presence(id=MEI.id, place=Place("DE")))
    await there.air("first", unblocker=TOM)
    there.clock.at = utc(2026, 12, 24, 12)  # Christmas Day is the day that Mei would be asked on, a Friday
    second = await there.air("second", unblocker=MEI)

    assert there.asks("B-1")[0] == (TOM.id, utc(2026, 12, 24, 12))  # late: the clock jumped
    assert second.next_at == utc(2026, 12, 28, 0)


async def test_their_own_zone_goes_before_slacks():
    there = Held()
    await there.add(Presence(id=MEI.id, zone="Europe/Berlin"))
    await there.air("staging is read-only", unblocker=MEI)

    assert there.asks() == [(MEI.id, NOON)]


async def test_whoever_asks_nobody_is_asked_the_next_day_who_could():
    there = Held()
    await there.air("no idea", TOM)
    assert (there.asks(), there.to(TOM)) == ([], [])

    await there.pass_(DAY)
    assert there.asks() == [(TOM.id, utc(2026, 11, 25, 8))]
    (asked,) = there.to(TOM)
    assert "Still blocked, and nobody is asked" in shown(asked)
    assert buttons(asked) == [("code.unblock", "B-1"), ("code.ask", "about B-1")]


async def test_a_question_that_comes_late_says_so():
    there = Held()
    await there.air("staging is read-only", unblocker=TOM)
    await there.later(DAY + 2 * HOUR, go_on, up_late=timedelta(hours=3, minutes=30))

    assert there.asks()[-1] == (TOM.id, utc(2026, 11, 25, 11, 30))
    assert "3 h 30 min late, as I was not running" in shown(there.to(TOM)[-1])


async def test_down_until_the_evening_asks_in_the_morning_and_says_that_it_is_late():
    there = Held()
    await there.air("staging is read-only", unblocker=TOM)
    there.clock.at = utc(2026, 11, 25, 21)  # we were down all Wednesday
    await there.pass_(timedelta())
    assert len(there.asks()) == 1

    await there.pass_(DAY)
    assert there.asks()[1:] == [(TOM.id, utc(2026, 11, 26, 8))]
    assert "1 day late, as I was not running" in shown(there.to(TOM)[-1])


async def test_an_unblocker_who_is_gone_hands_it_back():
    there = Held()
    await there.air("staging is read-only", LUIS, TOM)
    there.change_person(TOM, is_gone=True)
    await there.until(utc(2026, 11, 25, 13))

    assert (await there.blocker()).unblocker_id is None
    assert there.asks() == [(TOM.id, NOON)]  # it is morning in Berlin, but not yet in New York
    assert "No longer yours" in shown(there.to(TOM)[0])
    await there.pass_(HOUR)
    assert there.asks()[1:] == [(LUIS.id, utc(2026, 11, 25, 14))]
    story = [message for message in there.said.values() if message.template == "code/story"]
    assert "Tom is no longer here, so Luis is asked who else can change it" in shown(story[0])


@pytest.mark.parametrize("kind", ["is_guest", "is_bot", "is_stranger"])
async def test_a_stand_up_answer_that_names_a_guest_asks_the_owner(kind: str):
    there = Held(utc(2026, 11, 24, 15))
    there.change_person(MEI, **{kind: True})
    await there.air("staging is read-only", LUIS, MEI)

    assert there.asks() == [(LUIS.id, utc(2026, 11, 24, 15))]
    assert there.to(MEI) == []


async def test_it_is_raised_once_after_two_working_days_of_its_owner():
    there = Held(utc(2026, 11, 27, 12))  # a Friday
    await there.air("staging is read-only", TOM, MEI)
    await there.until(utc(2026, 12, 1, 11))
    assert there.to(LEA) == []

    await there.until(utc(2026, 12, 4, 12))
    (raised,) = there.to(LEA)
    assert shown(raised).startswith("🔴 Blocked for 4 days · Tom: staging is read-only")
    assert (await there.blocker()).raised_at == utc(2026, 12, 1, 12)
    assert there.kinds.count("blocker.raised") == 1


async def test_the_lead_hears_of_it_in_their_own_hours_and_late_says_so():
    there = Held()
    there.change_person(LEA, zone="Asia/Tokyo")
    await there.air("staging is read-only", TOM, LUIS)
    await there.until(utc(2026, 11, 27, 1))
    assert (await there.blocker()).raised_at == utc(2026, 11, 27, 0)
    assert "late" not in shown(there.to(LEA)[0])

    down = Held()
    await down.air("staging is read-only", TOM, LUIS)
    await down.later(3 * DAY, go_on, up_late=2 * HOUR)
    assert "2 h late, as I was not running" in shown(down.to(LEA)[0])


async def test_the_services_owners_go_before_the_role_and_the_stand_ups_lead_before_both():
    there = Held()
    await there.air("waiting for org/web#812", TOM, LUIS)  # web is Ana's
    standup = await there.add(
        Standup.make(Setup("web", "#standup", people=(TOM.id,), lead=LUIS.id, raise_after_days=1), ANA.id, NOON)
    )
    await there.add(
        Round(
            id="S-1",
            channel="#standup",
            day=date(2026, 11, 24),
            people=(TOM.id,),
            opened_by=ANA.id,
            opened_at=NOON,
            closes_at=NOON + HOUR,
            standup_id=standup.id,
        )
    )
    aired = await there.air("web#9 too", TOM, MEI, answer=f"S-1/{TOM.id}")
    await there.pass_(4 * DAY)

    assert aired.team == "web"
    assert ((await there.blocker("B-1")).raised_to, (await there.blocker("B-2")).raised_to) == (ANA.id, LUIS.id)
    assert (await there.blocker("B-2")).raised_at == utc(2026, 11, 25, 14)  # 1 day, and 9:00 in New York


async def test_with_nobody_to_raise_it_to_the_thread_says_so():
    there = Held(team=TEAM)
    await there.air("no idea", TOM)
    await there.pass_(3 * DAY)

    story = [shown(message) for message in there.said.values() if message.template == "code/story"]
    assert len(story) == 1
    assert "there is nobody to raise it to" in story[0]


async def test_whoever_is_in_it_is_not_its_lead():
    there = Held()
    await there.air("no idea", LEA)
    await there.pass_(3 * DAY)

    assert (await there.blocker()).raised_to == ""


async def test_slack_that_does_not_answer_is_asked_again():
    there = Held()
    person = there.directory.person

    async def silent(user_id: str):
        raise Refusal("Slack does not tell me just now who you are.")

    there.directory.person = silent  # type: ignore[method-assign]
    async with there.unit() as work:
        await blockers.air(work, "staging is read-only", LUIS.id, unblocker=TOM.id)
    (job,) = there.owed()
    await there.do(job, go_on)
    assert there.asks() == []
    there.directory.person = person  # type: ignore[method-assign]
    await there.pass_(3 * timedelta(minutes=1))
    assert len(there.asks()) == 1


async def test_a_step_that_is_started_again_after_a_crash_does_nothing():
    there = Held()
    async with there.unit() as work:
        await blockers.air(work, "staging is read-only", LUIS.id, unblocker=TOM.id)
    (job,) = there.owed()
    await there.do(job, go_on)
    before = len(there.log)
    await there.do(job, go_on)

    assert (len(there.asks()), len(there.log)) == (1, before)


async def test_closed_means_that_nothing_is_owed():
    there = Held()
    await there.air("staging is read-only", LUIS, TOM)
    async with there.unit() as work:
        await blockers.close(work, "B-1", TOM)

    assert there.owed() == []
    before = len(there.log)
    await there.pass_(30 * DAY)
    assert len(there.log) == before
