from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.people import Person
from bot.core.refusals import NotUnderstood, Refusal, Stale, Unknown
from bot.core.team import Role, Team
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round
from bot.team.people.model.names import who_is_asked
from tests.answers import lines
from tests.fakes import ANA, GUS, LUIS, MEI, NOON, PEOPLE, TEAM, TOM

ROUND = replace(Round.open("#standup", (ANA.id, TOM.id), ANA, NOON), id="S-1")
LINES = lines("did this", "will do that", "")


def test_a_round_is_about_the_day_of_whoever_starts_it():
    late_evening = datetime(2026, 11, 24, 20, 0, tzinfo=ZoneInfo("UTC"))

    assert Round.open("#x", (MEI.id,), MEI, late_evening).day == date(2026, 11, 25)
    assert Round.open("#x", (LUIS.id,), LUIS, late_evening).day == date(2026, 11, 24)


@pytest.mark.parametrize(("people", "why"), [((), "Nobody"), (tuple(f"U{n}" for n in range(51)), "51 people")])
def test_a_round_asks_somebody_but_not_everybody(people: tuple[str, ...], why: str):
    with pytest.raises(Refusal, match=why):
        Round.open("#x", people, ANA, NOON)


def test_a_round_closes_once():
    closed = ROUND.close(NOON, ANA)

    with pytest.raises(Stale, match="S-1 was closed by Ana 5 min ago"):
        closed.close(NOON + timedelta(minutes=5), TOM)


def test_a_round_that_ends_after_its_time_knows_how_late():
    assert ROUND.close(ROUND.closes_at + timedelta(hours=2)).closed_late_by == timedelta(hours=2)
    assert ROUND.close(ROUND.closes_at + timedelta(seconds=30)).closed_late_by is None
    assert ROUND.close(NOON, ANA).closed_late_by is None


def test_an_answer_to_a_closed_round_is_late_by_so_much():
    closed = ROUND.close(NOON)

    late = StandupAnswer.give(closed, TOM.id, NOON + timedelta(hours=1), LINES)
    assert late.late_by == timedelta(hours=1)
    assert not StandupAnswer.give(ROUND, TOM.id, NOON, LINES).is_late


def test_an_answer_in_time_that_is_edited_later_is_not_late():
    given = StandupAnswer.give(ROUND, TOM.id, NOON, LINES)
    edited = given.edit(ROUND.close(NOON), NOON + timedelta(hours=1), lines("did more", "", ""))

    assert not edited.is_late
    assert edited.edited_at == NOON + timedelta(hours=1)


def test_the_same_words_again_are_no_edit():
    given = StandupAnswer.give(ROUND, TOM.id, NOON, LINES)

    assert given.edit(ROUND, NOON + timedelta(hours=1), lines(" did this ", "will do that", "-")) is given


def test_words_after_a_skip_count_as_given_then():
    skipped = StandupAnswer.skip(ROUND, TOM.id, NOON)
    given = skipped.edit(ROUND.close(NOON), NOON + timedelta(hours=1), LINES)

    assert not given.skipped
    assert given.is_late


@pytest.mark.parametrize("blocked", ["", " - ", "No", "none.", "Nothing", "N/A", "not blocked!"])
def test_a_way_of_saying_no_is_no_blocker(blocked: str):
    assert not StandupAnswer.give(ROUND, TOM.id, NOON, lines("x", "", blocked)).is_blocked


@pytest.mark.parametrize("given", [lines(), lines(" ", "\n", "none")])
def test_an_answer_says_something(given: dict[str, str]):
    with pytest.raises(Refusal, match="says nothing yet"):
        StandupAnswer.give(ROUND, TOM.id, NOON, given)


@pytest.mark.parametrize("name", ["q1", "q2", "q3"])
def test_a_line_that_is_too_long_is_refused_at_its_field(name: str):
    with pytest.raises(Refusal) as refused:
        StandupAnswer.give(ROUND, TOM.id, NOON, LINES | {name: "x" * 3001})
    assert refused.value.field == name


def test_everybody_but_guests_and_robots_is_asked():
    robot = Person("U0BOT", "Bot", is_bot=True)

    assert who_is_asked((*PEOPLE, robot), TEAM, ANA) == (ANA.id, TOM.id, MEI.id, LUIS.id)


def test_a_role_of_the_team_file_says_who_is_asked():
    team = Team(roles={"standup": Role("standup", frozenset({MEI.id}), frozenset({"S0RELEASE"}))})

    assert who_is_asked(PEOPLE, team, TOM) == (ANA.id, MEI.id, LUIS.id)


@pytest.mark.parametrize("named", ["@Tom, @Ana and me", "tom ana mei", "@U0TOM & Ana; me"])
def test_named_people_are_asked_in_that_order(named: str):
    assert who_is_asked(PEOPLE, TEAM, MEI, named) == (TOM.id, ANA.id, MEI.id)


def test_a_whole_name_goes_before_a_first_name():
    other = Person("U0ANA2", "Ana Silva")

    assert who_is_asked((TOM, other), TEAM, TOM, "@Ana Silva") == (other.id,)
    assert who_is_asked((TOM, other), TEAM, TOM, "@Ana") == (other.id,)
    with pytest.raises(NotUnderstood, match="could be Ana, Ana Silva"):
        who_is_asked((ANA, TOM, other), TEAM, TOM, "@Ana")


@pytest.mark.parametrize("named", ["@Zoe", f"@{GUS.name}", "Ana and her cat"])
def test_a_name_that_no_member_has_is_unknown(named: str):
    with pytest.raises(Unknown, match="I know no person"):
        who_is_asked(PEOPLE, TEAM, ANA, named)
