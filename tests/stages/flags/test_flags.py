"""Changes of flags: shown, approved, in force, temporary, taken back, refused with a sentence."""

from datetime import timedelta

import pytest

from bot.core.jobs import Outcome
from bot.core.ledger import Subject
from bot.core.refusals import NotAllowed, Refusal, Stale, Unknown
from bot.stages.flags import flags
from bot.stages.flags.model.flag import Flag
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.plan.model.change import Change
from tests.fakes import ANA, GUS, LUIS, MEI, NOON, TOM
from tests.stages.flags.flagging import HOUR, Stage


async def test_a_flag_is_off_everywhere_until_somebody_says_more() -> None:
    world = await Stage.set()

    assert [await world.served(place) for place in ("staging", "production")] == ["off", "off"]


async def test_where_nobody_has_to_approve_it_is_in_force_at_once() -> None:
    world = await Stage.set()
    id = await world.change(environment="staging", share="10%")

    assert await world.served("staging") == "10 %"
    assert world.card(id).to == "#releases"
    assert world.standing(id) == "in_force"


async def test_where_somebody_has_to_approve_nothing_changes_before() -> None:
    world = await Stage.set()
    id = await world.change(on=True)
    waiting = await world.served()
    await world.press("flag-approve", id, ANA)

    assert (waiting, await world.served()) == ("off", "on")
    assert world.standing(id) == "in_force"


async def test_whoever_asks_does_not_approve() -> None:
    world = await Stage.set()
    id = await world.change(by=ANA, on=True)
    with pytest.raises(NotAllowed, match="somebody else has to decide"):
        await world.press("flag-approve", id, ANA)

    assert await world.served() == "off"


async def test_only_those_whom_the_policy_names_approve() -> None:
    world = await Stage.set()
    id = await world.change(on=True)
    with pytest.raises(NotAllowed, match=r"policy\.2.*release role"):
        await world.press("flag-approve", id, GUS)

    assert await world.served() == "off"


async def test_a_no_ends_it_and_a_late_yes_is_told_so() -> None:
    world = await Stage.set()
    id = await world.change(on=True)
    await world.press("flag-refuse", id, MEI)
    with pytest.raises(Stale, match="was refused by Mei"):
        await world.press("flag-approve", id, ANA)

    assert world.standing(id) == "refused"


async def test_nobody_decides_and_it_lapses() -> None:
    world = await Stage.set()
    id = await world.change(on=True)
    await world.wait(HOUR * 5)
    with pytest.raises(Stale, match="lapsed"):
        await world.press("flag-approve", id, ANA)

    assert world.standing(id) == "expired"


async def test_what_hurts_is_switched_off_without_waiting_for_anybody() -> None:
    world = await Stage.set()
    await world.press("flag-approve", await world.change(on=True), ANA)
    id = await world.change(by=LUIS, off=True)

    assert await world.served() == "off"
    assert world.standing(id) == "in_force"


async def test_a_change_that_waits_is_overtaken_by_one_that_comes_into_force() -> None:
    world = await Stage.set()
    await world.press("flag-approve", await world.change(share="10%"), ANA)
    waiting = await world.change(share="50%")
    await world.change(off=True)
    with pytest.raises(Stale, match="was overtaken"):
        await world.press("flag-approve", waiting, ANA)

    assert world.standing(waiting) == "overtaken"
    assert await world.served() == "off"


async def test_two_changes_do_not_wait_at_once() -> None:
    world = await Stage.set()
    await world.change(share="10%")
    with pytest.raises(Stale, match=r"G-1 \(checkout_v2 to 10 % in production\) waits"):
        await world.change(by=LUIS, share="20%")


async def test_what_is_so_already_is_not_asked_for_again() -> None:
    world = await Stage.set()
    with pytest.raises(Stale, match="is off in staging already"):
        await world.change(environment="staging", off=True)


async def test_for_two_hours_and_then_back() -> None:
    world = await Stage.set()
    id = await world.change(environment="staging", on=True, audience="2 h")
    there = await world.served("staging")
    outcomes = await world.wait(HOUR * 2)

    assert (there, await world.served("staging"), outcomes) == ("on", "off", [Outcome.DONE])
    assert world.standing(id) == "taken_back"
    assert world.said[f"flag_change:{id}:ended"].thread_of == f"flag_change:{id}"


async def test_the_two_hours_begin_with_the_last_yes() -> None:
    world = await Stage.set()
    id = await world.change(on=True, audience="2 h")
    await world.wait(HOUR)
    await world.press("flag-approve", id, ANA)

    assert (await world.get(FlagChange, id)).until == NOON + HOUR * 3
    await world.wait(HOUR * 2 - timedelta(seconds=1))
    before = await world.served()
    await world.wait(timedelta(seconds=1))
    assert (before, await world.served()) == ("on", "off")


async def test_a_timer_that_was_slept_through_does_its_work_and_says_that_it_is_late() -> None:
    world = await Stage.set()
    id = await world.change(environment="staging", on=True, audience="2 h")
    await world.wait(HOUR * 3, up_late=timedelta(minutes=40))

    assert await world.served("staging") == "off"
    assert world.said[f"flag_change:{id}:ended"].context["late_by"] == timedelta(minutes=40)


async def test_a_later_change_wins_over_the_timer_of_an_earlier_one() -> None:
    world = await Stage.set()
    first = await world.change(environment="staging", share="10%", audience=None, end=NOON + HOUR)
    second = await world.change(environment="staging", share="50%")
    await world.wait(HOUR * 3)

    assert await world.served("staging") == "50 %"
    assert not world.card(first).context["is_last"]
    assert world.card(second).context["is_last"]


async def test_taking_back_what_replaced_something_temporary_brings_back_what_lasts() -> None:
    world = await Stage.set()
    await world.change(environment="staging", on=True, end=NOON + HOUR)
    second = await world.change(environment="staging", share="50%")
    await world.press("flag-back", second, TOM)

    assert await world.served("staging") == "off"


async def test_taking_back_needs_no_new_approval_and_only_the_last_change_can_be() -> None:
    world = await Stage.set()
    first = await world.change(share="10%")
    await world.press("flag-approve", first, ANA)
    second = await world.change(share="50%")
    await world.press("flag-approve", second, ANA)
    with pytest.raises(Stale, match="has moved on since G-1"):
        await world.press("flag-back", first, LUIS)
    await world.press("flag-back", second, LUIS)

    assert await world.served() == "10 %"
    assert world.standing(second) == "taken_back"


async def test_a_segment_of_the_team_file_and_conditions_of_ones_own() -> None:
    world = await Stage.set()
    await world.change(environment="staging", audience="beta")
    named = await world.served("staging")
    await world.change(environment="staging", share="10%", audience="country in DE, AT")

    assert (named, await world.served("staging")) == ("on for beta", "10 % of country in DE, AT")


async def test_the_ledger_names_flag_service_environment_and_change_but_nobody_of_the_segment() -> None:
    world = Stage()
    await world.add(Change(title="Faster checkout", created_by=TOM.id, created_at=NOON, service="web"))
    await world.say("flag-add", TOM, key="checkout_v2", change="C-1")
    await world.change(environment="staging", audience="user in ana@example.com, tom@example.com")
    entry = world.entries[-1]

    assert entry.kind == "flag.changed"
    assert {str(subject) for subject in entry.subjects} == {
        "flag:checkout_v2",
        "change:C-1",
        "service:web",
        "environment:staging",
        "flags:all",
    }
    assert entry.facts == {"from": "off", "to": "on for a segment", "share": 10_000, "why": "G-1"}


async def test_a_flag_for_a_change_that_there_is_not_is_refused() -> None:
    with pytest.raises(Unknown, match="no change “C-9”"):
        await Stage().say("flag-add", TOM, key="checkout_v2", change="C-9")


@pytest.mark.parametrize("key", ["../../admin", "a/b", "a b", "", "ünïcode", "-x", "x" * 101, "<!channel>"])
async def test_a_key_that_would_not_come_over_the_wire_is_refused(key: str) -> None:
    with pytest.raises(Refusal, match="cannot be a flag's key"):
        await Stage().say("flag-add", TOM, key=key)


async def test_a_key_is_taken_whatever_its_case() -> None:
    world = await Stage.set()
    with pytest.raises(Refusal, match="There is a flag checkout_v2 already, made by Tom"):
        await world.say("flag-add", ANA, key="Checkout_V2")


async def test_an_unknown_flag_is_refused_with_the_nearest_ones() -> None:
    world = await Stage.set()
    with pytest.raises(Refusal, match=r"no flag “chekout_v2”. Did you mean checkout_v2\?"):
        await world.change(key="chekout_v2", on=True)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "Say one of"),
        ({"on": True, "off": True}, "Say one of"),
        ({"on": True, "share": "10%"}, "Say one of"),
        ({"off": True, "audience": "beta"}, "“off” is for everybody"),
        ({"share": "110%"}, "more than everybody"),
        ({"share": "some"}, "is no percentage"),
        ({"share": "0.001%"}, "finest"),
        ({"audience": "gamma"}, "no segment “gamma”. The team file has beta"),
        ({"audience": "country like DE"}, "is no condition"),
        ({"on": True, "audience": "2 h", "end": NOON + HOUR}, "either how long"),
        ({"on": True, "audience": "100 days"}, "90 days at most"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_a_sentence(args: dict[str, object], sentence: str) -> None:
    world = await Stage.set()
    with pytest.raises(Refusal, match=sentence):
        await world.change(**args)

    assert world.log == []


async def test_without_an_environment_somebody_has_to_say_which() -> None:
    world = await Stage.set()
    with pytest.raises(Refusal, match="Say where, with “in”: staging, production"):
        await world.say("flag", TOM, key="checkout_v2", on=True)


async def test_a_flag_is_retired_only_once_it_is_on_or_off_for_everybody() -> None:
    world = await Stage.set()
    await world.change(environment="staging", share="10%")
    with pytest.raises(Refusal, match="is 10 % in staging"):
        await world.say("flag-retire", TOM, key="checkout_v2")
    await world.change(environment="staging", on=True)
    await world.say("flag-retire", TOM, key="checkout_v2")

    assert await world.served("staging") == "on"
    with pytest.raises(Stale, match="was retired by Tom"):
        await world.change(environment="staging", off=True)
    async with world.unit() as work:
        assert await flags.listed(work) == []


async def test_what_a_change_is_hidden_behind_is_known_until_everybody_has_it() -> None:
    world = Stage()
    await world.add(Change(title="Faster checkout", created_by=TOM.id, created_at=NOON, service="web"))
    await world.say("flag-add", TOM, key="checkout_v2", change="C-1")
    async with world.unit() as work:
        still = await flags.hidden(work, ["C-1"], "staging")
    await world.change(environment="staging", on=True)
    async with world.unit() as work:
        gone = await flags.hidden(work, ["C-1"], "staging")

    assert ([flag.id for flag in still], gone) == (["checkout_v2"], [])


async def test_a_flag_names_the_service_of_its_change() -> None:
    world = Stage()
    await world.add(Change(title="Faster checkout", created_by=TOM.id, created_at=NOON, service="web"))
    await world.say("flag-add", TOM, key="checkout_v2", change="C-1")

    assert Subject("service", "web") in (await world.get(Flag, "checkout_v2")).subjects()
