"""Who is asked when, as members, zones and times change in any order: nobody twice, nobody passed over."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.people import Person
from bot.stages.standup.model.plan_day import Member, next_day, next_prompts, plan_due, prompts_on, rearranged
from bot.stages.standup.model.preview import preview_of
from bot.stages.standup.model.questions import Asks, Question, questions_from, questions_shown
from bot.stages.standup.model.round import Prompt
from bot.stages.standup.model.setup import Setup
from bot.team.people.model.presence import Absence, Presence, Why

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WINDOW = timedelta(hours=3)
USERS = [f"U{number}" for number in range(6)]


def prompt(user_id: str, minutes: int) -> Prompt:
    at = NOW + timedelta(minutes=minutes)
    return Prompt(user_id, "UTC", at, at + WINDOW)


def plans() -> st.SearchStrategy[list[Prompt]]:
    """Any of the users, each once, before or after now."""
    return st.dictionaries(st.sampled_from(USERS), st.integers(-500, 500)).map(
        lambda found: [prompt(user_id, minutes) for user_id, minutes in found.items()]
    )


@given(before=plans(), steps=st.lists(st.tuples(plans(), st.integers(0, 200)), max_size=6))
def test_however_often_a_plan_changes_each_is_asked_once_and_nobody_is_passed_over(before, steps):
    now, planned = NOW, tuple(sorted(before, key=lambda each: each.at))
    jobs = {each.user_id: each.at for each in planned}
    asked: dict[str, datetime] = {}

    def pass_time(until: datetime) -> None:
        for user_id, at in list(jobs.items()):
            if at <= until:
                assert user_id not in asked, "asked twice"
                asked[user_id] = jobs.pop(user_id)

    pass_time(now)
    for wanted, minutes in steps:
        new = rearranged(planned, wanted, now)
        for user_id in new.forgiven:
            assert user_id not in asked, "taken back after it was asked"
            jobs.pop(user_id)
        for each in new.owed:
            assert each.at > now
            if each.user_id not in asked:
                jobs[each.user_id] = each.at
        planned = new.prompts
        assert len({each.user_id for each in planned}) == len(planned)
        # What the round says is what is owed, and what was asked.
        assert {each.user_id: each.at for each in planned} == jobs | asked
        # Whoever is wanted later than now is asked, unless they were asked already.
        assert {each.user_id for each in wanted if each.at > now} <= set(jobs) | set(asked)
        # Whoever was still to be asked and is not wanted any more is not.
        assert not set(jobs) - {each.user_id for each in wanted}
        now += timedelta(minutes=minutes)
        pass_time(now)
    assert all(first.at <= second.at for first, second in pairwise(planned))


MEI = Member(Person("U0MEI", "Mei", "Asia/Tokyo"), Presence(id="U0MEI"))
TOM = Member(Person("U0TOM", "Tom", "Europe/Berlin"), Presence(id="U0TOM"), {date(2026, 11, 25): "A holiday"})
OWN = Setup("Web", "#web", people=("U0MEI", "U0TOM"))


def test_each_is_asked_in_their_own_zone_or_all_in_one():
    day = date(2026, 11, 26)
    own, _ = prompts_on(OWN, day, [TOM, MEI])
    assert [(each.user_id, each.at.hour, each.zone) for each in own] == [
        ("U0MEI", 0, "Asia/Tokyo"),
        ("U0TOM", 8, "Europe/Berlin"),
    ]
    one, _ = prompts_on(Setup("Web", "#web", people=OWN.people, zone="America/New_York"), day, [TOM, MEI])
    assert {(each.at.hour, each.zone) for each in one} == {(14, "America/New_York")}


def test_whoever_has_a_holiday_is_absent_with_its_name():
    prompts, absent = prompts_on(OWN, date(2026, 11, 25), [TOM, MEI])
    assert [each.user_id for each in prompts] == ["U0MEI"]
    assert absent == [Absence("U0TOM", Why.HOLIDAY, "A holiday")]


def test_a_day_is_planned_shortly_before_its_first_member_is_asked():
    assert plan_due(OWN, date(2026, 11, 25), [TOM, MEI]) == datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
    assert plan_due(OWN, date(2026, 11, 25), []) == datetime(2026, 11, 25, 8, 50, tzinfo=UTC)


def test_the_next_day_is_whole_for_everybody_and_after_the_last_one():
    assert next_day(OWN, NOW, [TOM, MEI], None) == date(2026, 11, 25)
    assert next_day(OWN, NOW, [TOM, MEI], date(2026, 11, 27)) == date(2026, 11, 30)
    assert next_day(OWN, datetime(2026, 11, 25, 1, tzinfo=UTC), [TOM, MEI], None) == date(2026, 11, 26)


def test_the_next_prompts_leave_holidays_out():
    assert [each.at.day for each in next_prompts(OWN, TOM, NOW, 3)] == [26, 27, 30]


def test_a_preview_puts_first_whoever_is_asked_first_and_last_whoever_never_is():
    never = Member(Person("U0ANA", "Ana"), Presence(id="U0ANA", weekdays=(6,)))
    rows = preview_of(OWN, [never, TOM, MEI], NOW)
    assert [(row.user_id, len(row.times)) for row in rows] == [("U0MEI", 5), ("U0TOM", 5), ("U0ANA", 0)]
    assert rows[0].times[0].clock == "09:00"


@pytest.mark.parametrize("at", [time(0, 0), time(2, 30), time(23, 59)])
def test_a_preview_shows_the_wall_clock_all_year_round(at):
    setup = Setup("Web", "#web", people=("U0TOM",), at=at, weekdays=tuple(range(7)))
    rows = preview_of(setup, [Member(TOM.person, TOM.presence)], datetime(2026, 1, 1, tzinfo=UTC), 365)
    clocks = {local.clock for local in rows[0].times}
    assert clocks == {f"{at:%H:%M}"} | ({"03:00"} if at == time(2, 30) else set())
    assert len({local.day for local in rows[0].times}) == 365


KEPT = (Question("q1", "Done?"), Question("q2", "Next?", Asks.PLANS), Question("q5", "Stuck?", Asks.BLOCKS))


def test_questions_are_read_as_they_are_shown():
    assert questions_from(questions_shown(KEPT), KEPT, 5) == KEPT


def test_a_reworded_question_keeps_its_id_and_a_new_one_gets_one_that_was_never_used():
    reworded = questions_from("Done?\nWhat is next? [plan]\nStuck? [blocker]", KEPT, 5)
    assert [each.id for each in reworded] == ["q1", "q2", "q5"]
    more = questions_from("• Done?\n- Stuck? [Blocker]\nMood?", KEPT[::2], 5)
    assert [(each.id, each.words, each.asks) for each in more] == [
        ("q1", "Done?", Asks.TELLS),
        ("q5", "Stuck?", Asks.BLOCKS),
        ("q6", "Mood?", Asks.TELLS),
    ]
