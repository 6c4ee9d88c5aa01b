"""From the draft to the published notes, and every way in which there are none."""

from datetime import timedelta

import pytest

from bot.command import Door, Form
from bot.domain.changes import Change
from bot.domain.ledger import Subject
from bot.domain.refusals import Refusal, Stale, Unknown
from bot.domain.releases import Release, ReleaseState
from bot.domain.stages import Stage
from bot.domain.team import Repository
from bot.workflows import release
from bot.workflows.release import bounds
from commands.release import command
from tests.fakes import ANA, LUIS, NOON, TOM
from tests.workflows.deploying import HISTORY, Harbour, ScriptedHost


async def draft(world: Harbour, **more) -> str:
    answer = await world.use(command, "draft", by=TOM, service="web", **more)
    await world.later(timedelta(minutes=5), release.read_and_draft)
    return answer.context["release"].id


async def test_a_draft_comes_by_direct_message():
    world = Harbour()

    id = await draft(world, since="v1.3.9", until="v1.4.0")

    card = world.said[f"release:{id}"]
    assert (card.to, card.template) == (TOM.id, "release/card")
    drafted = card.context["release"]
    assert (drafted.state, drafted.version, drafted.commits) == (ReleaseState.DRAFT, "v1.4.0", 3)
    assert [(part.title, part.lines) for part in drafted.notes.sections] == [
        ("Features", ("Checkout: one step (#809)",)),
        ("Fixes", ("C-1 round half up (#812)",)),
    ]
    assert drafted.notes.folded == 1


async def test_published_once_where_people_read_it_and_noted_in_the_ledger():
    world = Harbour()
    await world.add(Change(title="Rounding", created_by=ANA.id, created_at=NOON))
    id = await draft(world, since="v1.3.9", until="v1.4.0")

    await world.use(command, "publish", by=ANA, release=id)

    notes = world.said[f"release:{id}:notes"]
    assert (notes.to, notes.template) == ("#releases", "release/notes")
    assert world.said[f"release:{id}"].context["release"].state is ReleaseState.PUBLISHED
    entry = next(one for one in world.entries if one.kind == "release.published")
    assert entry.by == ANA.id
    assert {
        Subject("release", id),
        Subject("version", "web@v1.4.0"),
        Subject("sha", world.host.sha("v1.4.0")),
        Subject("change", "C-1"),
    } <= set(entry.subjects)
    assert (await world.get(Change, "C-1")).stage is Stage.RELEASE
    for verb in ("publish", "edit"):
        with pytest.raises(Stale, match=f"{id} web v1.4.0 was published by Ana 0 s ago in #releases"):
            await world.use(command, verb, by=LUIS, release=id)


async def test_long_notes_go_on_in_the_thread_and_lose_nothing():
    world = Harbour(host=ScriptedHost(*((f"v{n}", f"feat: thing {n} & {'word ' * 30}") for n in range(1, 200))))
    id = await draft(world, since="v1", until="v199")

    await world.use(command, "publish", by=ANA, release=id)

    parts = [said for key, said in world.said.items() if key.startswith(f"release:{id}:notes")]
    assert len(parts) > 5
    assert {part.thread_of for part in parts[1:]} == {f"release:{id}:notes"}
    lines = [line for part in parts for section in part.context["notes"].sections for line in section.lines]
    assert len(lines) == 198


async def test_the_form_holds_the_notes_and_sent_it_redraws_the_draft():
    world = Harbour()
    id = await draft(world, since="v1.3.9", until="v1.4.0")

    form = await world.use(command, "edit", by=LUIS, release=id)

    assert isinstance(form, Form)
    values = {field.name: field.value for field in form.fields}
    assert values["version"] == "v1.4.0"
    assert values["features_1"] == "Checkout: one step (#809)"
    sent = {**form.carry, **values, "version": "1.4", "features_1": "Checkout takes one step", "other_1": None}
    assert await world.use(command, "edit", by=LUIS, door=Door.FORM, **sent) is None
    edited = world.said[f"release:{id}"].context["release"]
    assert edited.notes.sections[0].lines == ("Checkout takes one step",)
    assert (edited.version, edited.edited_by) == ("1.4", LUIS.id)
    nothing = {**form.carry, **dict.fromkeys(values, "")}
    with pytest.raises(Refusal, match="Nothing is left of the notes"):
        await world.use(command, "edit", by=LUIS, door=Door.FORM, **nothing)


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("v9", "v1.4.0", "web has no tag, branch or commit “v9”. Did you mean v1.3.9"),
        ("v1.4.0", "v1.3.9", "v1.3.9 brings nothing that v1.4.0 does not have"),
    ],
)
async def test_a_range_that_gives_no_notes_is_told_by_direct_message(since, until, why):
    world = Harbour()

    id = await draft(world, since=since, until=until)

    told = world.said[f"release:{id}"]
    assert (told.to, told.template) == (TOM.id, "release/not_drafted")
    assert why in told.context["why"]
    assert (await world.get(Release, id)).state is ReleaseState.FAILED
    with pytest.raises(Stale, match="could not be drafted"):
        await world.use(command, "publish", by=TOM, release=id)


async def test_a_host_that_is_away_for_a_moment_is_asked_again():
    world = Harbour()
    world.host.down = "GitHub answered 502"
    answer = await world.use(command, "draft", by=TOM, service="web")
    id = answer.context["release"].id
    job = next(iter(world.jobs.values()))

    await world.do(job, release.read_and_draft)
    assert f"release:{id}" not in world.said
    world.host.down = ""
    await world.later(timedelta(minutes=1), release.read_and_draft)

    assert world.said[f"release:{id}"].template == "release/card"


async def test_a_range_that_is_too_long_is_said():
    world = Harbour()
    world.host.too_long = True

    id = await draft(world)

    assert "too many commits" in world.said[f"release:{id}"].context["why"]


async def test_unknown_and_unfinished_releases_are_refused():
    world = Harbour()
    await world.use(command, "draft", by=TOM, service="web")

    with pytest.raises(Stale, match="R-1 is still being drafted"):
        await world.use(command, "publish", by=TOM, release="R-1")
    with pytest.raises(Unknown, match="R-1"):
        await world.use(command, "publish", by=TOM, release="R-9")


async def test_the_list_shows_what_there_is():
    world = Harbour()
    id = await draft(world)

    answer = await world.use(command, "list", by=TOM)

    assert [one.id for one in answer.context["releases"]] == [id]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("", "", ("v1.4.0", "v1.4.1")),
        ("", "v1.4.0", ("v1.3.9", "v1.4.0")),
        ("", "v1.3.9", ("", "v1.3.9")),
        ("", "HEAD", ("v1.4.1", "HEAD")),
        ("v1.3.9", "", ("v1.3.9", "v1.4.1")),
        ("v1.4.1", "", ("v1.4.1", "HEAD")),
        ("a", "b", ("a", "b")),
    ],
)
async def test_the_range_that_is_meant(since, until, found):
    assert await bounds(ScriptedHost(*HISTORY), Repository(git="x"), since, until) == found
