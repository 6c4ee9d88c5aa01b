from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.core.command import Door, Form, Reply
from bot.core.people import Person
from bot.core.refusals import NotUnderstood, Refusal, Stale, Unknown
from bot.stages.standup.model.questions import Asks
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import ChangedMeanwhile, Posting, Standup, StandupState
from bot.stages.standup.plan_day import open_when_due, plan_when_due
from bot.stages.standup.replan import replan_when_due
from bot.team.people.model.presence import Place, Presence
from commands.standup import command
from tests.fakes import ANA, GUS, LUIS, MEI, TOM, World
from tests.rendered import buttons, shown, world

FILLED = {
    "step": "save",
    "name": "Team web",
    "channel": "C0WEB",
    "people": (ANA.id, TOM.id),
    "questions": "What is done?\nWhat is next? [plan]\nWho waits for whom? [blocker]",
    "days": ("Mon", "Tue", "Wed", "Thu", "Fri"),
    "at": time(9, 30),
    "window": "2 h",
    "reminder": "30 min",
    "posting": "at the end",
    "raise_after": "2",
}


async def save(there: World, by: Person = ANA, verb: str = "new", **changed: object) -> Reply:
    """Send the form."""
    answer = await there.use(command, verb, by=by, door=Door.FORM, **{**FILLED, **changed})
    assert isinstance(answer, Reply)
    return answer


async def planned(there: World) -> World:
    """Whatever follows at once."""
    await there.later(timedelta(), replan_when_due)
    return there


async def test_new_opens_a_form_that_is_filled_with_what_is_usual():
    form = await world().use(command, "new", channel_id="C0WEB")

    assert isinstance(form, Form)
    fields = {field.name: field for field in form.fields}
    assert fields["channel"].value == "C0WEB"
    assert fields["days"].value == ("Mon", "Tue", "Wed", "Thu", "Fri")
    assert fields["at"].value == time(9)
    assert fields["groups"].parameter.choices == ("@release-team",)
    assert "[blocker]" in fields["questions"].value


async def test_a_form_that_was_opened_in_a_direct_message_names_no_channel():
    form = await world().use(command, "new", channel_id="D0ANA")
    assert next(field for field in form.fields if field.name == "channel").value is None


async def test_a_sent_form_sets_the_stand_up_up_and_tells_its_channel():
    there = world()
    reply = await save(there, groups=("@release-team",), zone="berlin", holidays="DE-BY", lead=MEI.id)

    standup = await there.get(Standup, "U-1")
    assert reply.context["standup"] == standup
    setup = standup.setup
    assert (setup.channel, setup.groups, setup.zone, setup.lead) == (
        "C0WEB",
        ("S0RELEASE",),
        "Europe/Berlin",
        MEI.id,
    )
    assert (setup.window, setup.remind_before) == (timedelta(hours=2), timedelta(minutes=30))
    assert (setup.posting, setup.raise_after_days, setup.holidays) == (Posting.AT_THE_END, 2, Place("DE", "BY"))
    assert [(question.words, question.asks) for question in setup.questions] == [
        ("What is done?", Asks.TELLS),
        ("What is next?", Asks.PLANS),
        ("Who waits for whom?", Asks.BLOCKS),
    ]
    card = there.said["standup:U-1:C0WEB"]
    assert "Mon–Fri at 09:30 in Europe/Berlin" in shown(card)
    assert there.kinds == ["standup.made"]
    await planned(there)
    assert [job.args["day"] for job in there.jobs.values()] == ["2026-11-25"]


async def test_whoever_sets_it_up_leads_it_unless_somebody_else_is_named():
    there = world()
    await save(there)
    assert (await there.get(Standup, "U-1")).setup.lead == ANA.id


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"people": (GUS.id,)}, "people", "Gus is a guest"),
        ({"people": ("U0ROBOT",)}, "people", "Robot is a bot"),
        ({"people": ("U0NOBODY",)}, "people", "has left"),
        ({"people": ()}, "people", "Nobody would be asked"),
        ({"lead": GUS.id}, "lead", "Gus is a guest"),
        ({"questions": " \n "}, "questions", "no question"),
        ({"questions": "A\n[plan]"}, "questions", "Question 2 is empty"),
        ({"questions": "A\nB [plan]\nC [plan]"}, "questions", "Two questions"),
        ({"questions": "A\na"}, "questions", "asked twice"),
        ({"questions": "\n".join(f"Question {n}" for n in range(11))}, "questions", "10 is the most"),
        ({"questions": "x" * 151}, "questions", "151 characters"),
        ({"days": ()}, "days", "No day"),
        ({"zone": "Atlantis"}, "zone", "no zone"),
        ({"channel": "#nowhere"}, "channel", "I see no channel"),
        ({"channel": "#private"}, "channel", "/invite @Eightbells"),
        ({"channel": "#old"}, "channel", "archived"),
        ({"holidays": "Narnia"}, "country", "no country"),
        ({"window": "30 min", "reminder": "30 min"}, "reminder", "would not come after the question"),
        ({"name": "  "}, "name", "empty"),
        ({"name": "x" * 61}, "name", "61 characters"),
    ],
)
async def test_what_could_not_be_kept_to_is_refused_at_its_field(changed, field, sentence):
    there = world()
    there.directory.known["U0ROBOT"] = Person("U0ROBOT", "Robot", is_bot=True)
    with pytest.raises(Refusal, match=sentence) as refusal:
        await save(there, **changed)

    assert refusal.value.field == field
    assert there.said == {}
    assert await there.find(Standup) == []


async def test_two_stand_ups_do_not_share_a_name():
    there = world()
    await save(there)
    with pytest.raises(Refusal, match="U-1 in C0WEB is called “Team web” already"):
        await save(there, name="team  WEB")


async def test_edit_shows_the_form_as_the_stand_up_is_and_keeps_the_ids_of_questions():
    there = world()
    await save(there)
    form = await there.use(command, "edit", standup="team web")
    values = {field.name: field.value for field in form.fields}
    assert values["questions"] == FILLED["questions"]
    assert form.carry == {"standup": "U-1", "version": "1", "step": "save"}

    await save(
        there,
        verb="edit",
        standup="U-1",
        version="1",
        questions="What did you finish?\nNew one\nWhat is next? [plan]\n",
    )
    questions = (await there.get(Standup, "U-1")).setup.questions
    assert [question.id for question in questions] == ["q1", "q4", "q2"]


async def test_whoever_saves_second_is_told_what_the_first_one_changed():
    there = world()
    await save(there)
    await save(there, by=TOM, verb="edit", standup="U-1", version="1", at=time(10))
    with pytest.raises(ChangedMeanwhile, match="Tom changed time of “Team web” while you were editing"):
        await save(there, by=MEI, verb="edit", standup="U-1", version="1", name="Other")

    standup = await there.get(Standup, "U-1")
    assert (standup.version, standup.name, standup.setup.at) == (2, "Team web", time(10))


async def test_saving_a_form_unchanged_changes_nothing():
    there = world()
    await save(there, lead=ANA.id)
    said = len(there.log)
    reply = await save(there, verb="edit", standup="U-1", version="1", lead=ANA.id)

    assert reply.context["is_same"] is True
    assert (await there.get(Standup, "U-1")).version == 1
    assert len(there.log) == said


async def test_a_stand_up_that_moves_to_another_channel_says_so_in_the_old_one():
    there = world()
    await save(there)
    await save(there, verb="edit", standup="U-1", version="1", channel="C0OTHER")

    assert "Moved to" in shown(there.said["standup:U-1:C0WEB"])
    assert "Mon–Fri" in shown(there.said["standup:U-1:C0OTHER"])


async def test_pause_and_resume_and_what_is_owed():
    there = world()
    await save(there)
    await planned(there)
    await there.use(command, "pause", standup="U-1", by=TOM)
    await planned(there)
    assert there.jobs == {}
    assert "Paused" in shown(there.said["standup:U-1:C0WEB"])
    assert ("standup.resume", "U-1") in buttons(there.said["standup:U-1:C0WEB"])
    with pytest.raises(Stale, match="paused already"):
        await there.use(command, "pause", standup="U-1")

    there.clock.move(timedelta(minutes=1))
    await there.use(command, "resume", standup="U-1")
    await planned(there)
    assert [job.kind for job in there.jobs.values()] == ["standup.plan"]


async def test_delete_asks_first_and_removing_ends_everything():
    there = world()
    await save(there)
    await planned(there)
    await there.use(command, "delete", standup="U-1")
    assert (await there.get(Standup, "U-1")).is_active

    await there.use(command, "remove", standup="U-1", door=Door.BUTTON)
    assert (await there.get(Standup, "U-1")).state is StandupState.DELETED
    await planned(there)
    assert there.jobs == {}
    assert "Deleted" in shown(there.said["standup:U-1:C0WEB"])
    with pytest.raises(Stale, match="was deleted"):
        await save(there, verb="edit", standup="U-1", version="2")
    with pytest.raises(Stale, match="was deleted"):
        await there.use(command, "run", standup="U-1")
    with pytest.raises(Unknown):
        await there.use(command, "pause", standup="Team web")
    await save(there)  # the name is free again
    assert (await there.get(Standup, "U-2")).name == "Team web"


async def test_list_tells_how_many_people_each_asks():
    there = world()
    assert (await there.use(command, "list")).context == {"rows": []}
    await save(there, groups=("@release-team",))
    rows = (await there.use(command, "list")).context["rows"]
    assert [(standup.id, count) for standup, count in rows] == [("U-1", 3)]  # Ana, Tom, and Luis of the group


async def test_run_asks_everybody_who_is_there_at_once():
    there = world()
    await save(there, people=(ANA.id, TOM.id, MEI.id))
    await there.add(Presence(id=TOM.id, away_from=date(2026, 11, 20), away_until=date(2026, 11, 30)))
    reply = await there.use(command, "run", standup="team web", by=LUIS)

    round = await there.get(Round, "S-1")
    assert reply.context["round"] == round
    assert (set(round.people), round.occasion, round.opened_by) == ({ANA.id, MEI.id}, "", LUIS.id)
    assert {job.args["user"]: job.due for job in there.jobs.values() if job.kind == "standup.prompt"} == {
        ANA.id: there.clock.now(),
        MEI.id: there.clock.now(),
    }
    assert round.closes_at == there.clock.now() + timedelta(hours=2)
    with pytest.raises(Stale, match="S-1 of “Team web” is open already"):
        await there.use(command, "run", standup="U-1")


async def test_a_round_that_was_run_by_hand_takes_the_place_of_none_that_is_planned():
    there = world()
    await save(there)
    await planned(there)
    await there.use(command, "run", standup="U-1")
    await there.later(timedelta(days=1), plan_when_due, open_when_due, replan_when_due)

    assert [(round.occasion, round.day) for round in await there.find(Round)] == [
        ("", date(2026, 11, 24)),
        ("U-1/2026-11-25", date(2026, 11, 25)),
    ]


async def test_run_without_anybody_there_is_refused():
    there = world()
    await save(there, people=(TOM.id,))
    await there.add(Presence(id=TOM.id, away_from=date(2026, 11, 20), away_until=date(2026, 11, 30)))
    with pytest.raises(Refusal, match="Nobody of “Team web” is there today"):
        await there.use(command, "run", standup="U-1")


async def test_preview_shows_the_next_five_times_of_each_on_their_own_clock():
    there = world()
    await save(there, people=(TOM.id, MEI.id))
    await there.add(
        Presence(id=MEI.id, weekdays=(0, 1), away_from=date(2026, 11, 24), away_until=date(2026, 12, 1))
    )
    rows = (await there.use(command, "preview", standup="U-1")).context["rows"]

    tom, mei = rows
    assert (tom.user_id, tom.zone) == (TOM.id, "Europe/Berlin")
    assert [(at.day.isoformat(), at.clock) for at in tom.times] == [
        ("2026-11-25", "09:30"), ("2026-11-26", "09:30"), ("2026-11-27", "09:30"), ("2026-11-30", "09:30"),
        ("2026-12-01", "09:30"),
    ]  # fmt: skip
    assert (mei.user_id, mei.back_on, mei.times[0].day) == (MEI.id, date(2026, 12, 1), date(2026, 12, 1))


async def test_a_stand_up_that_is_not_there_is_refused_with_those_that_are():
    there = world()
    await save(there)
    with pytest.raises(Unknown, match="U-1 Team web"):
        await there.use(command, "pause", standup="Team wbe")


async def test_zone_shows_and_chooses_ones_own_and_follows_slack_again():
    there = world()
    shown_now = (await there.use(command, "zone", by=TOM)).context
    assert (shown_now["zone"], shown_now["now"].clock) == ("Europe/Berlin", "13:00")

    await there.use(command, "zone", by=TOM, zone="tokyo")
    assert (await there.get(Presence, TOM.id)).zone == "Asia/Tokyo"
    await there.use(command, "zone", by=TOM, zone="slack")
    assert (await there.get(Presence, TOM.id)).zone == ""
    with pytest.raises(Unknown, match="Europe/Berlin"):
        await there.use(command, "zone", zone="Berlni")


async def test_the_question_about_a_new_zone_is_settled_by_either_button():
    there = world()
    await there.add(Presence(id=TOM.id, asked_zone="Asia/Tokyo", zone_asks=1))
    await there.use(command, "zone-right", by=TOM, zone="Asia/Tokyo", door=Door.BUTTON)
    assert (await there.get(Presence, TOM.id)).confirmed_zone == "Asia/Tokyo"
    assert buttons(there.said[f"zone:{TOM.id}:1"]) == []

    await there.use(command, "zone", by=TOM, zone="Europe/Berlin", door=Door.BUTTON)
    assert (await there.get(Presence, TOM.id)).zone == "Europe/Berlin"
    assert "Europe/Berlin, your own choice" in shown(there.said[f"zone:{TOM.id}:1"]).replace("*", "")


async def test_away_and_back():
    there = world()
    await there.use(command, "away", by=TOM, day=date(2026, 11, 30), reason="leave")
    presence = await there.get(Presence, TOM.id)
    assert (presence.away_from, presence.away_until, presence.away_because) == (
        date(2026, 11, 24),
        date(2026, 11, 30),
        "leave",
    )
    assert all("leave" not in str(entry.facts.values()) for entry in there.entries if "what" not in entry.facts)

    await there.use(command, "back", by=TOM)
    assert not (await there.get(Presence, TOM.id)).is_away(date(2026, 11, 25))
    with pytest.raises(Stale, match="not away"):
        await there.use(command, "back", by=TOM)


@pytest.mark.parametrize(
    ("until", "reason", "sentence"),
    [
        (date(2026, 11, 24), "", "That day has begun"),
        (date(2030, 1, 1), "", "more than two years"),
        (date(2026, 12, 1), "x" * 81, "81 characters"),
    ],
)
async def test_leave_that_is_none_is_refused(until, reason, sentence):
    with pytest.raises(Refusal, match=sentence):
        await world().use(command, "away", day=until, reason=reason)


async def test_holidays_of_a_country_of_a_part_of_it_and_of_none():
    there = world()
    await there.use(command, "holidays", by=TOM, country="DE-BY")
    assert (await there.get(Presence, TOM.id)).place == Place("DE", "BY")
    await there.use(command, "holidays", by=TOM, country="none")
    presence = await there.get(Presence, TOM.id)
    assert (presence.place, presence.without_holidays) == (Place(), True)
    with pytest.raises(Unknown, match="Did you mean DE, US"):
        await there.use(command, "holidays", country="Narnia")


async def test_workdays():
    there = world()
    await there.use(command, "workdays", by=TOM, days="Mon-Thu")
    assert (await there.get(Presence, TOM.id)).weekdays == (0, 1, 2, 3)
    await there.use(command, "workdays", by=TOM, days="every day")
    assert (await there.get(Presence, TOM.id)).weekdays == ()
    with pytest.raises(NotUnderstood):
        await there.use(command, "workdays", days="sometimes")


async def test_a_change_of_ones_own_moves_what_is_planned():
    there = world()
    await save(there)
    await planned(there)
    await there.later(timedelta(hours=20, minutes=25), plan_when_due, replan_when_due)  # Tom is asked at 08:30
    await there.use(command, "zone", by=TOM, zone="Europe/Lisbon")
    await there.later(timedelta(), replan_when_due)

    prompt = next(job for job in there.jobs.values() if job.args.get("user") == TOM.id)
    assert prompt.due == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


async def test_members_who_left_are_found_for_whoever_looks():
    there = world()
    await save(there)
    there.directory.known[TOM.id] = replace(TOM, is_gone=True)
    rows = (await there.use(command, "preview", standup="U-1")).context["rows"]
    assert [row.user_id for row in rows] == [ANA.id]
