"""An agreement to notes is one to these words, for these readers, by somebody else who is still here."""

from dataclasses import replace

import pytest

from bot.core.refusals import NotAllowed, Refusal
from bot.stages.release import draft_and_approve
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.rules import Releasing
from commands.release import command
from tests.fakes import ANA, LUIS, TOM
from tests.rendered import shown
from tests.stages.deploy.deploying import Harbour
from tests.stages.release.releasing import AUDIENCES, CAREFUL, as_it_is, draft


async def edit(world: Harbour, id: str, by=TOM, **texts: str) -> None:
    """Send the form as it stands, with these fields of it changed."""
    form = await world.use(command, "edit", by=by, release=id)
    sent = {field.name: field.value for field in form.fields}
    async with world.unit() as work:
        await draft_and_approve.edit(
            work,
            id,
            by,
            version=sent["version"],
            texts={voice: texts.get(voice, sent[f"{voice}_1"]) for voice in Voice},
            audiences=texts.get("audiences", sent["audiences"]),
        )


async def approved(world: Harbour) -> str:
    id = await draft(world)
    await world.use(command, "approve", by=ANA, release=id)
    await world.use(command, "tick", by=ANA, release=id, activity=1)
    return id


async def test_other_readers_need_a_new_approval_and_the_card_says_what_ended():
    world = Harbour(team=CAREFUL)
    id = await approved(world)

    await edit(world, id, audiences=("devs", "customers"))

    assert not (await as_it_is(world, id)).approval.is_given
    assert "1 approval ended with that change" in shown(world.said[f"release:{id}"])
    with pytest.raises(Refusal, match=r"need 1 more approval\(s\)"):
        await world.use(command, "publish", by=TOM, release=id)


async def test_a_form_sent_as_it_was_ends_nothing_and_makes_nobody_an_editor():
    world = Harbour(team=CAREFUL)
    id = await approved(world)

    await edit(world, id, by=LUIS)

    now = await as_it_is(world, id)
    assert now.approval.is_given
    assert (now.edited_by, now.audiences) == ("", ())
    assert "release.edited" not in world.kinds


async def test_who_changed_the_words_last_does_not_agree_to_them():
    world = Harbour(team=CAREFUL)
    id = await draft(world)
    await edit(world, id, by=ANA, engineers="Other words")

    with pytest.raises(NotAllowed, match=r"You changed the notes of web v1\.4\.0 last"):
        await world.use(command, "approve", by=ANA, release=id)
    with pytest.raises(NotAllowed, match="You asked for"):
        await world.use(command, "approve", by=TOM, release=id)
    assert "nor of Ana, who changed it last" in shown(world.said[f"release:{id}"])
    await world.use(command, "approve", by=LUIS, release=id)

    assert (await as_it_is(world, id)).approval.is_given


async def test_a_yes_of_somebody_who_left_does_not_publish():
    world = Harbour(team=CAREFUL)
    id = await approved(world)
    world.directory.known[ANA.id] = replace(ANA, is_gone=True)

    answer = await world.use(command, "publish", by=TOM, release=id)

    assert answer.template == "release/not_done"
    assert answer.context["why"].startswith("Ana approved the notes of web v1.4.0 and left since")
    assert not (await as_it_is(world, id)).approval.votes
    with pytest.raises(Refusal, match=r"need 1 more approval\(s\)"):
        await world.use(command, "publish", by=TOM, release=id)


async def test_nor_does_it_count_beside_another_one():
    two = replace(CAREFUL.part(Releasing).by_service["web"], approvals=2)
    releasing = replace(CAREFUL.part(Releasing), by_service={"web": two}, audiences=AUDIENCES)
    world = Harbour(team=CAREFUL.with_parts(releasing))
    id = await draft(world)
    await world.use(command, "approve", by=ANA, release=id)
    world.directory.known[ANA.id] = replace(ANA, is_gone=True)

    await world.use(command, "approve", by=LUIS, release=id)
    assert not (await as_it_is(world, id)).approval.votes
    await world.use(command, "approve", by=LUIS, release=id)

    assert [vote.by for vote in (await as_it_is(world, id)).approval.votes] == [LUIS.id]
