"""Planning from day to day: what is owed, what a change moves, and what a pause of the bot leaves."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.core.jobs import Job, Outcome
from bot.core.people import Person
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Setup, Standup
from bot.stages.standup.plan_day import CLOSE, OPEN, PLAN, PROMPT, open_when_due, plan_when_due
from bot.stages.standup.replan import end, follow, follow_person, replan_when_due
from bot.team.people.model.presence import Place, Presence, Why
from tests.fakes import ANA, LUIS, MEI, NOON, TOM, World
from tests.rendered import RENDER, shown

SETUP = Setup("Web", "#team-web", people=(ANA.id, TOM.id, MEI.id), at=time(9), lead=ANA.id)
HANDLERS = (plan_when_due, replan_when_due, open_when_due)
DAY = timedelta(days=1)


async def begun(setup: Setup = SETUP, at: datetime = NOON) -> World:
    """A stand-up that was set up on Tuesday at noon; its first day is Thursday, since Mei's Wednesday is near."""
    world = World(render=RENDER, at=at)
    async with world.unit() as work:
        follow(work, await work.add(Standup.make(setup, ANA.id, work.now)))
    await world.later(timedelta(), replan_when_due)
    return world


async def edit(world: World, setup: Setup) -> None:
    """As the verb does it."""
    async with world.unit() as work:
        standup = await work.get(Standup, "U-1")
        assert standup is not None
        changed = standup.edit(setup, ANA, work.now)
        if standup.plan_job and not changed.plan_job:
            work.forgive(standup.plan_job)
        await work.save(changed)
        follow(work, changed)
    await world.later(timedelta(), replan_when_due)


async def tell(world: World, presence: Presence) -> None:
    """Somebody says when they are there."""
    async with world.unit() as work:
        known = await work.get(Presence, presence.id)
        await (work.save(presence) if known else work.add(presence))
        follow_person(work, presence.id)
    await world.later(timedelta(), replan_when_due)


def owed(world: World, kind: str) -> list[Job]:
    """Jobs of this kind, the next one first."""
    return sorted((job for job in world.jobs.values() if job.kind == kind), key=lambda job: job.due)


def asked(world: World) -> dict[str, datetime]:
    """Who is to be asked, and when."""
    return {job.args["user"]: job.due for job in owed(world, PROMPT)}


async def test_between_its_days_a_stand_up_owes_one_job_and_nothing_else():
    world = await begun()

    assert [job.kind for job in world.jobs.values()] == [PLAN]
    plan = owed(world, PLAN)[0]
    assert plan.args == {"standup": "U-1", "day": "2026-11-25"}
    assert plan.due == datetime(2026, 11, 24, 23, 50, tzinfo=UTC)  # Mei's 9:00 less ten minutes


async def test_a_paused_stand_up_owes_nothing():
    world = await begun()
    async with world.unit() as work:
        standup = await work.get(Standup, "U-1")
        paused = standup.pause(ANA, work.now)
        work.forgive(standup.plan_job)
        await work.save(paused)
        follow(work, paused)
    await world.later(timedelta(), replan_when_due)

    assert world.jobs == {}


async def test_a_day_is_planned_as_prompts_an_opening_an_end_and_the_next_day():
    world = await begun()
    await world.later(timedelta(hours=12), plan_when_due)

    assert asked(world) == {
        MEI.id: datetime(2026, 11, 25, 0, tzinfo=UTC),
        TOM.id: datetime(2026, 11, 25, 8, tzinfo=UTC),
        ANA.id: datetime(2026, 11, 25, 9, tzinfo=UTC),
    }
    prompt = owed(world, PROMPT)[0]
    assert prompt.args == {"standup": "U-1", "round": "S-1", "user": MEI.id}
    assert prompt.window == timedelta(hours=3)
    assert [job.due for job in owed(world, OPEN)] == [datetime(2026, 11, 25, 0, tzinfo=UTC)]
    assert [job.due for job in owed(world, CLOSE)] == [datetime(2026, 11, 25, 12, tzinfo=UTC)]
    assert [job.args["day"] for job in owed(world, PLAN)] == ["2026-11-26"]
    round = await world.get(Round, "S-1")
    assert (round.occasion, round.day, round.name) == ("U-1/2026-11-25", date(2026, 11, 25), "Web")
    assert world.said == {}  # nobody is asked yet, so there is nothing to see

    await world.later(timedelta(minutes=10), open_when_due)
    assert "Web" in shown(world.said["round:S-1"])


async def test_who_is_away_or_has_a_holiday_or_a_day_off_is_not_asked():
    world = await begun(at=datetime(2026, 12, 23, 12, tzinfo=UTC))
    await tell(world, Presence(id=ANA.id, away_from=date(2026, 12, 24), away_until=date(2026, 12, 27)))
    await tell(world, Presence(id=TOM.id, place=Place("DE")))
    await tell(world, Presence(id=MEI.id, weekdays=(0, 1, 2)))
    await world.later(5 * DAY, plan_when_due)

    eve, christmas = (await world.find(Round))[:2]
    assert (eve.day, eve.people) == (date(2026, 12, 24), (TOM.id,))
    assert {each.user_id: each.why for each in eve.absent} == {ANA.id: Why.AWAY, MEI.id: Why.DAY_OFF}
    assert christmas.day == date(2026, 12, 28)  # on Christmas nobody was there, so there was no round


async def test_the_holidays_of_a_stand_up_are_those_of_members_who_named_none():
    world = await begun(replace(SETUP, holidays=Place("DE", "BY")), datetime(2027, 1, 5, 6, tzinfo=UTC))
    await tell(world, Presence(id=ANA.id, without_holidays=True))
    await tell(world, Presence(id=TOM.id, place=Place("US")))
    await world.later(DAY, plan_when_due)

    (epiphany,) = await world.find(Round)
    assert epiphany.people == (TOM.id, ANA.id)
    assert [(each.user_id, each.holiday) for each in epiphany.absent] == [(MEI.id, "Epiphany")]


async def test_members_of_a_user_group_are_followed_as_they_change():
    world = await begun(replace(SETUP, people=(), groups=("S0RELEASE",)))
    await world.later(timedelta(hours=21), plan_when_due)  # Wednesday, 9:00: Ana was asked, Luis is asked at 14:00
    assert set(asked(world)) == {ANA.id, LUIS.id}

    world.directory.known[LUIS.id] = replace(LUIS, groups=frozenset())
    newcomer = Person("U0NEW", "New", "America/Chicago", groups=frozenset({"S0RELEASE"}))
    world.directory.known[newcomer.id] = newcomer
    async with world.unit() as work:
        follow_person(work, LUIS.id)
    await world.later(timedelta(), replan_when_due)

    assert asked(world) == {
        ANA.id: datetime(2026, 11, 25, 9, tzinfo=UTC),
        "U0NEW": datetime(2026, 11, 25, 15, tzinfo=UTC),
    }
    round = await world.get(Round, "S-1")
    assert round.people == (ANA.id, "U0NEW")
    assert owed(world, CLOSE)[0].due == datetime(2026, 11, 25, 18, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["is_gone", "is_guest", "is_bot"])
async def test_members_that_left_or_became_guests_are_not_asked(kind):
    world = await begun()
    world.directory.known[TOM.id] = replace(TOM, **{kind: True})
    await world.later(timedelta(hours=12), plan_when_due)

    assert set(asked(world)) == {ANA.id, MEI.id}


async def test_a_new_time_moves_whoever_is_still_to_be_asked_at_it():
    world = await begun()
    await world.later(timedelta(hours=12), plan_when_due)
    await world.later(timedelta(hours=1))  # 01:00: Mei was asked at 00:00
    await edit(world, replace(SETUP, at=time(9, 30)))

    assert asked(world) == {
        MEI.id: datetime(2026, 11, 25, 0, tzinfo=UTC),
        TOM.id: datetime(2026, 11, 25, 8, 30, tzinfo=UTC),
        ANA.id: datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    }
    assert [job.args["day"] for job in owed(world, PLAN)] == ["2026-11-26"]
    assert owed(world, PLAN)[0].due == datetime(2026, 11, 26, 0, 20, tzinfo=UTC)


async def test_a_time_that_has_passed_today_leaves_today_as_it_was():
    world = await begun()
    await world.later(timedelta(hours=19, minutes=30), plan_when_due)  # 07:30; Tom is asked at 08:00
    await edit(world, replace(SETUP, at=time(8)))

    assert asked(world)[TOM.id] == datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert asked(world)[ANA.id] == datetime(2026, 11, 25, 8, tzinfo=UTC)  # 08:00 in Lisbon lies ahead


async def test_other_days_are_planned_from_the_next_of_them_on():
    world = await begun()
    await edit(world, replace(SETUP, weekdays=(4,)))
    assert [job.args["day"] for job in owed(world, PLAN)] == ["2026-11-27"]

    await edit(world, SETUP)
    assert [job.args["day"] for job in owed(world, PLAN)] == ["2026-11-25"]


async def test_whoever_moves_to_another_zone_is_asked_once_at_the_new_time_and_whether_that_is_right():
    world = await begun()
    await world.later(timedelta(hours=12), plan_when_due)
    world.directory.known[TOM.id] = replace(TOM, zone="America/New_York")
    async with world.unit() as work:
        follow_person(work, TOM.id)
    await world.later(timedelta(), replan_when_due)

    assert asked(world)[TOM.id] == datetime(2026, 11, 25, 14, tzinfo=UTC)
    question = world.said[f"zone:{TOM.id}:1"]
    assert question.to == TOM.id
    assert "America/New_York" in shown(question)
    await world.later(2 * DAY, plan_when_due)
    assert len([key for key in world.said if key.startswith("zone:")]) == 1


async def test_a_move_that_happened_while_nobody_told_us_is_noticed_with_the_next_plan():
    world = await begun()
    await world.later(timedelta(hours=12), plan_when_due)
    world.directory.known[MEI.id] = replace(MEI, zone="Asia/Kolkata")
    await world.later(DAY, plan_when_due)

    assert "Asia/Kolkata" in shown(world.said[f"zone:{MEI.id}:1"])


async def test_a_zone_of_ones_own_wins_and_is_not_asked_about():
    world = await begun()
    await tell(world, Presence(id=TOM.id, zone="Asia/Tokyo"))
    await world.later(timedelta(hours=12), plan_when_due)
    world.directory.known[TOM.id] = replace(TOM, zone="America/New_York")
    async with world.unit() as work:
        follow_person(work, TOM.id)
    await world.later(timedelta(), replan_when_due)

    assert asked(world)[TOM.id] == datetime(2026, 11, 25, 0, tzinfo=UTC)
    assert world.said == {}


async def test_leave_takes_back_what_is_not_asked_yet_and_a_return_owes_it_again():
    world = await begun()
    await world.later(timedelta(hours=12), plan_when_due)
    await tell(world, Presence(id=ANA.id).leave(date(2026, 11, 25), date(2026, 11, 30), "skiing"))
    assert set(asked(world)) == {MEI.id, TOM.id}
    assert [each.user_id for each in (await world.get(Round, "S-1")).absent] == [ANA.id]

    world.clock.move(timedelta(minutes=1))
    await tell(world, Presence(id=ANA.id))
    assert asked(world)[ANA.id] == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert (await world.get(Round, "S-1")).absent == ()


async def test_a_round_that_nobody_is_left_in_is_closed_without_a_word():
    world = await begun(replace(SETUP, people=(ANA.id,)))
    await world.later(timedelta(hours=20, minutes=55), plan_when_due)
    await tell(world, Presence(id=ANA.id).leave(date(2026, 11, 25), date(2026, 11, 30)))

    assert not (await world.get(Round, "S-1")).is_open
    assert {job.kind for job in world.jobs.values()} == {PLAN}
    assert world.said == {}


async def test_a_deleted_stand_up_ends_its_round_and_asks_nobody_any_more():
    world = await begun()
    await world.later(timedelta(hours=12, minutes=5), plan_when_due, open_when_due)
    async with world.unit() as work:
        standup = await work.get(Standup, "U-1")
        gone = standup.delete(ANA, work.now)
        work.forgive(standup.plan_job)
        await work.save(gone)
        await end(work, gone, ANA)

    assert not (await world.get(Round, "S-1")).is_open
    assert set(asked(world)) <= {MEI.id}
    assert owed(world, PLAN) == []


async def test_after_a_pause_of_the_bot_who_can_still_answer_is_asked_late_and_the_others_are_recorded():
    world = await begun()
    # 08:30: Mei's three hours ended at 03:00, Tom was to be asked at 08:00, Ana is asked at 09:00.
    await world.later(timedelta(hours=20, minutes=30), plan_when_due, up_late=timedelta(hours=8, minutes=40))

    assert asked(world) == {
        TOM.id: datetime(2026, 11, 25, 8, tzinfo=UTC),
        ANA.id: datetime(2026, 11, 25, 9, tzinfo=UTC),
    }
    round = await world.get(Round, "S-1")
    assert round.missed == (MEI.id,)
    missed = [entry for entry in world.entries if entry.kind == "standup.missed"]
    assert [str(subject) for subject in missed[0].subjects] == ["round:S-1", "standup:U-1", f"person:{MEI.id}"]
    assert missed[0].facts == {"due": "2026-11-25T00:00:00+00:00", "late_seconds": 30_600}


async def test_after_days_of_silence_the_channel_is_told_once_and_nothing_is_dropped():
    world = await begun()
    world.clock.at = datetime(2026, 11, 30, 20, tzinfo=UTC)  # Monday evening; Wednesday to Monday passed
    await world.later(timedelta(minutes=1), plan_when_due)

    rounds = await world.find(Round)
    assert [round.day.day for round in rounds] == [25, 26, 27, 30]
    assert all(set(round.missed) == {ANA.id, TOM.id, MEI.id} and not round.is_open for round in rounds)
    assert rounds[-1].missed_before == (date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27))
    assert world.kinds.count("standup.missed") == 12
    assert {key.split(":digest")[0] for key in world.said} == {"round:S-4"}
    assert asked(world) == {}
    assert [job.args["day"] for job in owed(world, PLAN)] == ["2026-12-01"]

    await world.later(timedelta(hours=5), plan_when_due)
    assert set(asked(world)) == {ANA.id, TOM.id, MEI.id}
    assert (await world.get(Round, "S-5")).missed_before == ()


async def test_a_plan_that_is_made_twice_owes_everything_once():
    world = await begun()
    plan = owed(world, PLAN)[0]
    world.clock.at = plan.due
    assert await world.do(plan, plan_when_due) is Outcome.DONE
    assert await world.do(plan, plan_when_due) is Outcome.NOOP

    assert len(owed(world, PROMPT)) == 3
    assert len(await world.find(Round)) == 1


async def test_a_newcomer_whose_time_has_passed_today_is_asked_from_the_next_day_on():
    world = await begun(replace(SETUP, people=(LUIS.id,)))
    await world.later(timedelta(hours=26, minutes=5), plan_when_due)  # 14:05: Luis was asked at 14:00
    await edit(world, replace(SETUP, people=(LUIS.id, TOM.id)))

    assert set(asked(world)) == {LUIS.id}
    await world.later(timedelta(hours=20), plan_when_due)
    assert asked(world)[TOM.id] == datetime(2026, 11, 26, 8, tzinfo=UTC)
