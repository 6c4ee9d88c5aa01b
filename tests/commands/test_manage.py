from datetime import timedelta

import pytest

from bot.core.command import Door, Form, Reply
from bot.core.ledger import Subject
from bot.core.refusals import Refusal, Stale, Unknown
from bot.core.stages import Stage
from bot.stages.manage.model.feedback import Concern, Feedback
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change
from commands.manage import command
from tests.fakes import ANA, TOM, World
from tests.rendered import RENDER, buttons, shown, world


async def there_with_feedback() -> World:
    there = world()
    await there.use(command, "feedback", text="Where is my\nreceipt?", service="web", whom="a shop in Osaka")
    return there


async def test_feedback_has_a_card_with_its_ways_on():
    there = await there_with_feedback()

    card = there.said["feedback:F-1"]
    assert card.to == "#manage"
    assert "From a shop in Osaka" in shown(card)
    assert buttons(card) == [("manage.change", "F-1"), ("manage.close", "F-1")]
    assert "receipt" not in str(there.entries)


async def test_a_concern_has_one_too():
    there = world()
    await there.use(command, "concern", text="The export is slow", service="payments")

    assert shown(there.said["concern:N-1"]).startswith("🔵 Open · concern N-1 · payments · The export is slow")
    assert [str(subject) for subject in there.entries[0].subjects] == ["concern:N-1", "service:payments"]


async def test_feedback_becomes_a_change_linked_both_ways():
    there = await there_with_feedback()
    form = await there.use(command, "change", door=Door.BUTTON, id="F-1")

    assert isinstance(form, Form)
    values = {field.name: field.value for field in form.fields if field.value}
    assert values == {
        "title": "Where is my",
        "goal": "Where is my\nreceipt?",
        "benefit": "asked for by a shop in Osaka",
    }
    await there.use(command, "change", by=TOM, door=Door.FORM, **form.carry, **values)

    change = await there.get(Change, "C-1")
    assert (change.came_from, change.service) == ("F-1", "web")
    assert (await there.get(Feedback, "F-1")).change_id == "C-1"
    assert shown(there.said["feedback:F-1"]).startswith("🟢 Planned · feedback F-1")
    assert buttons(there.said["feedback:F-1"]) == []
    both = {Subject("change", "C-1"), Subject("feedback", "F-1")}
    assert [entry.kind for entry in there.entries if both <= set(entry.subjects)] == [
        "change.planned",
        "feedback.planned",
    ]


async def test_the_card_of_feedback_follows_its_change():
    there = await there_with_feedback()
    await there.use(command, "change", door=Door.FORM, id="F-1", step="save", title="Receipts")
    async with there.unit() as work:
        await changes.advance(work, "C-1", Stage.MANAGE)

    assert shown(there.said["feedback:F-1"]).startswith("🟢 Live · feedback F-1")


async def test_a_second_click_learns_what_became_of_it():
    there = await there_with_feedback()
    await there.use(command, "change", door=Door.FORM, id="F-1", step="save", title="Receipts")
    there.clock.move(timedelta(minutes=5))

    for args in ({"id": "F-1"}, {"id": "F-1", "step": "save", "title": "Receipts again"}):
        with pytest.raises(Stale, match=r"F-1 became C-1 \(Ana, 5 min ago\)"):
            await there.use(command, "change", by=TOM, door=Door.FORM, **args)
    assert len(await there.find(Change)) == 1


async def test_a_closed_remark_says_why():
    there = world()
    await there.use(command, "concern", text="The export is slow")
    await there.use(command, "close", by=TOM, id="n-1", reason="new disks")

    assert not (await there.get(Concern, "N-1")).is_open
    assert "new disks" in shown(there.said["concern:N-1"])
    with pytest.raises(Stale, match="Tom"):
        await there.use(command, "close", by=ANA, id="N-1")


@pytest.mark.parametrize("id", ["C-1", "12", "soon", ""])
async def test_what_is_no_remark_is_refused(id: str):
    there = world()
    with pytest.raises(Refusal, match="neither feedback nor a concern"):
        await there.use(command, "close", id=id)


async def test_an_unknown_remark_suggests_those_that_are_open():
    there = await there_with_feedback()
    with pytest.raises(Unknown, match=r"no feedback “F-9”. Did you mean F-1"):
        await there.use(command, "close", id="f-9")


async def test_the_list_holds_what_is_open():
    there = world()
    for number in range(6):
        await there.use(command, "feedback", text=f"remark {number}", service="web")
    await there.use(command, "concern", text="slow")
    await there.use(command, "close", id="F-1")

    short = await there.use(command, "list")
    assert isinstance(short, Reply)
    text = RENDER(short.template, short.context).text
    assert text.startswith("6 open\nN-1 concern · slow\nF-2 feedback · web · remark 1")
    assert text.endswith("and 1 more")
    long = await there.use(command, "list", service="web", all=True)
    assert isinstance(long, Reply)
    assert [remark.id for remark in long.context["remarks"]] == ["F-2", "F-3", "F-4", "F-5", "F-6"]
