from datetime import date

import pytest

from bot.core.command import Door, Form, Reply
from bot.core.refusals import Refusal, Stale
from bot.stages.code.model.blocker import Blocker
from bot.stages.plan.model.change import Change
from commands.plan import command
from tests.fakes import ANA, NOON, TOM, World
from tests.rendered import RENDER, buttons, shown, world


async def there_with(*titles: str) -> World:
    there = world()
    for title in titles:
        await there.use(command, "add", title=title)
    return there


async def test_a_new_change_has_a_card_in_the_plan_channel():
    there = world()
    answer = await there.use(
        command,
        "add",
        title="Faster checkout",
        goal="One step",
        benefit="drop-off 25 %",
        service="web",
        owner=TOM.id,
        due=date(2026, 12, 31),
    )

    assert isinstance(answer, Reply)
    assert answer.template == "plan/added"
    card = there.said["change:C-1"]
    assert card.to == "#plan"
    assert "Hoped for: drop-off 25 %" in shown(card)
    assert ("code.start", "C-1") in buttons(card)
    assert there.entries[0].by == ANA.id
    assert "Faster" not in str(there.entries)


async def test_the_same_gesture_twice_plans_one_change():
    there = world()
    for _ in range(2):
        await there.use(command, "add", key="slash:1", title="Faster checkout")

    assert len(await there.find(Change)) == 1


async def test_a_refused_change_leaves_nothing():
    there = world()
    with pytest.raises(Refusal, match="150 is the most"):
        await there.use(command, "add", title="x" * 151)

    assert there.log == []
    assert there.entries == []


async def test_a_list_stops_at_five_and_opens_the_rest():
    there = await there_with(*(f"Change {number}" for number in range(7)))
    answer = await there.use(command, "list")

    assert isinstance(answer, Reply)
    rendered = RENDER(answer.template, answer.context)
    assert rendered.text.endswith("and 2 more")
    assert rendered.blocks[-1]["elements"][0]["value"] == "all"
    everything = await there.use(command, "list", which="all")
    assert isinstance(everything, Reply)
    assert "more" not in RENDER(everything.template, everything.context).text


async def test_a_list_begins_with_what_is_due_first_and_may_be_only_mine():
    there = await there_with("Some day")
    await there.use(command, "add", title="Next year", due=date(2027, 1, 1), owner=TOM.id)
    await there.use(command, "add", title="Last week", due=date(2026, 11, 20), owner=TOM.id)
    await there.add(Blocker.air("red", TOM.id, there.clock.now(), change_id="C-2"))

    mine = await there.use(command, "list", by=TOM, which="mine")
    assert isinstance(mine, Reply)
    lines = RENDER(mine.template, mine.context).text.split("\n")
    assert lines[0] == "Your changes (2)"
    assert lines[1].startswith("C-3 Last week · Planned · Tom · overdue since Fri 20 Nov")
    assert lines[2].startswith("C-2 Next year · Planned, blocked · Tom · due")


async def test_show_tells_everything():
    there = await there_with("Faster checkout")
    answer = await there.use(command, "show", change="C-1")

    assert isinstance(answer, Reply)
    assert answer.template == "plan/show"


async def test_edit_opens_what_is_there_and_keeps_what_is_sent():
    there = world()
    await there.use(command, "add", title="Faster checkout", goal="One step", owner=TOM.id, due=date(2026, 12, 31))
    form = await there.use(command, "edit", door=Door.BUTTON, change="C-1")

    assert isinstance(form, Form)
    values = {field.name: field.value for field in form.fields}
    assert values == {
        "title": "Faster checkout",
        "goal": "One step",
        "benefit": None,
        "service": None,
        "owner": TOM.id,
        "due": date(2026, 12, 31),
    }

    sent = {name: value for name, value in values.items() if value and name != "due"} | {"title": "Quick checkout"}
    await there.use(command, "edit", door=Door.FORM, **form.carry, **sent)
    change = await there.get(Change, "C-1")
    assert (change.title, change.goal, change.due) == ("Quick checkout", "One step", None)
    assert "Quick checkout" in shown(there.said["change:C-1"])


async def test_an_edit_of_nothing_says_nothing():
    there = await there_with("Faster checkout")
    before = len(there.log), len(there.entries)
    answer = await there.use(command, "edit", door=Door.FORM, change="C-1", step="save", title="Faster checkout")

    assert isinstance(answer, Reply)
    assert answer.context["same"]
    assert (len(there.log), len(there.entries)) == before


@pytest.mark.parametrize(("verb", "word"), [("done", "Done"), ("drop", "Dropped")])
async def test_an_ended_change_keeps_its_card_without_buttons(verb: str, word: str):
    there = await there_with("Faster checkout")
    await there.use(command, verb, change="C-1")

    assert f"{word} · C-1" in shown(there.said["change:C-1"])
    assert buttons(there.said["change:C-1"]) == []
    with pytest.raises(Stale, match="Ana"):
        await there.use(command, verb, by=TOM, change="C-1")


async def test_ending_a_change_tells_what_is_still_open_for_it():
    there = await there_with("Faster checkout")
    await there.add(Blocker.air("red", TOM.id, there.clock.now(), change_id="C-1"))
    answer = await there.use(command, "done", change="C-1")

    assert isinstance(answer, Reply)
    assert "1 blocker still open" in RENDER(answer.template, answer.context).text


async def test_of_more_changes_than_are_read_the_most_overdue_come_first_and_all_are_counted():
    there = world()
    await there.add(Change.plan("the oldest", ANA, NOON, due=date(2025, 1, 1)))
    await there.add(Change.plan("the second", ANA, NOON, due=date(2025, 1, 2)))
    for number in range(1_100):
        await there.add(Change.plan(f"later {number}", TOM, NOON, due=date(2027, 1, 1) if number % 2 else None))
    await there.add(Blocker.air("no key", ANA.id, NOON, change_id="C-1"))

    answer = await there.use(command, "list", which="")
    every = await there.use(command, "list", which="all")

    assert isinstance(answer, Reply)
    assert isinstance(every, Reply)
    assert [change.title for change in answer.context["changes"]][:2] == ["the oldest", "the second"]
    assert answer.context["total"] == every.context["total"] == 1_102
    assert answer.context["held_up"] == {"C-1"}
    assert [change.id for change in every.context["changes"]][:2] == ["C-1", "C-2"]
