"""From the commits to a draft that people edit, agree to and tick; and every way in which there is none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.command import Door, Form
from bot.core.jobs import Due
from bot.core.ledger import Subject
from bot.core.refusals import NotAllowed, Refusal, Stale, Unknown
from bot.core.stages import Stage
from bot.core.team import Repository
from bot.stages.code.model.ports import MergedPull, Relation
from bot.stages.plan.model.change import Change
from bot.stages.release import draft_and_approve
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release_state import ReleaseState
from bot.stages.release.read_commits import bounds
from commands.release import command
from tests.fakes import ANA, LUIS, NOON, TOM, FakeUnit
from tests.rendered import RENDER
from tests.stages.deploy.deploying import HISTORY, Harbour, ScriptedHost
from tests.stages.release.releasing import CAREFUL, THREE, as_it_is, draft, notes_key, told


async def test_a_draft_comes_by_direct_message():
    world = Harbour()

    id = await draft(world)

    card = world.said[f"release:{id}"]
    assert (card.to, card.template) == (TOM.id, "release/card")
    drafted = card.context["release"]
    assert (drafted.state, drafted.version, drafted.commits) == (ReleaseState.DRAFT, "v1.4.0", 3)
    assert [
        (part.title, [line.text for line in part.lines]) for part in drafted.notes[Voice.ENGINEERS].sections
    ] == [
        ("Features", ["Checkout: one step (#809)"]),
        ("Fixes", ["C-1 round half up (#812)"]),
    ]
    assert drafted.folded == 1


async def test_published_once_where_people_read_it_and_noted_in_the_ledger():
    world = Harbour()
    await world.add(Change(title="Rounding", created_by=ANA.id, created_at=NOON))
    id = await draft(world)

    await world.use(command, "publish", by=ANA, release=id)

    notes = world.said[notes_key(id, "engineers", "#releases")]
    assert (notes.to, notes.template) == ("#releases", "release/notes_engineers")
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
    id = await draft(world, "v1", "v199")

    await world.use(command, "publish", by=ANA, release=id)

    first = notes_key(id, "engineers", "#releases")
    keys = [key for key in world.said if key.startswith(first)]
    assert len(keys) > 5
    assert {world.said[key].thread_of for key in keys[1:]} == {first}
    assert sum(len(told(world, key)) for key in keys) == 198


async def test_each_voice_has_its_field_and_sent_it_redraws_the_draft():
    world = Harbour(team=THREE)
    id = await draft(world)

    form = await world.use(command, "edit", by=LUIS, release=id)

    assert isinstance(form, Form)
    values = {field.name: field.value for field in form.fields}
    assert list(values) == ["version", "engineers_1", "operators_1", "customers_1", "audiences"]
    assert values["engineers_1"] == "# Features\nCheckout: one step (#809)\n# Fixes\nC-1 round half up (#812)"
    sent = {**form.carry, **values, "version": "1.4", "customers_1": "Checkout takes one step", "operators_1": None}
    sent["audiences"] = ("devs", "customers")
    assert await world.use(command, "edit", by=LUIS, door=Door.FORM, **sent) is None
    edited = world.said[f"release:{id}"].context["release"]
    assert [line.text for line in edited.notes[Voice.CUSTOMERS].lines] == ["Checkout takes one step"]
    assert not edited.notes[Voice.OPERATORS].count
    assert (edited.version, edited.edited_by, edited.audiences) == ("1.4", LUIS.id, ("devs", "customers"))
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

    id = await draft(world, since, until)

    said = world.said[f"release:{id}"]
    assert (said.to, said.template) == (TOM.id, "release/not_drafted")
    assert why in said.context["why"]
    assert (await as_it_is(world, id)).state is ReleaseState.FAILED
    with pytest.raises(Stale, match="could not be drafted"):
        await world.use(command, "publish", by=TOM, release=id)


async def test_a_host_that_is_away_for_a_moment_is_asked_again():
    world = Harbour()
    world.host.down = "GitHub answered 502"
    answer = await world.use(command, "draft", by=TOM, service="web")
    id = answer.context["release"].id
    job = next(iter(world.jobs.values()))

    await world.do(job, draft_and_approve.read_and_draft)
    assert f"release:{id}" not in world.said
    world.host.down = ""
    await world.later(timedelta(minutes=1), draft_and_approve.read_and_draft)

    assert world.said[f"release:{id}"].template == "release/card"


async def test_whoever_asked_is_told_of_a_host_that_stays_away():
    world = Harbour()
    world.host.down = "GitHub answered 502"
    await world.use(command, "draft", by=TOM, service="web")
    await world.later(timedelta(minutes=5), draft_and_approve.read_and_draft)

    said = world.said["release:R-1"]
    assert (said.to, said.template) == (TOM.id, "release/not_drafted")
    assert "GitHub answered 502" in said.context["why"]
    assert world.jobs == {}


async def test_a_service_that_left_the_team_file_meanwhile_is_told_of():
    world = Harbour()
    answer = await world.use(command, "draft", by=TOM, service="web")
    (job,) = world.jobs.values()
    team = replace(world.team, services={})
    tools = replace(world.tools, team=team, unit=FakeUnit(world.clock, team, world.store, RENDER))

    await draft_and_approve.read_and_draft(tools, Due(job, timedelta(), 1))

    said = world.said[f"release:{answer.context['release'].id}"]
    assert (said.to, said.template) == (TOM.id, "release/not_drafted")
    assert "web is not in the team file any more" in said.context["why"]
    assert (await as_it_is(world, "R-1")).state is ReleaseState.FAILED


async def test_a_range_that_is_too_long_is_said():
    world = Harbour()
    world.host.too_long = True

    id = await draft(world, "", "")

    assert "too many commits" in world.said[f"release:{id}"].context["why"]


async def test_a_rewritten_branch_is_drafted_with_a_caveat():
    world = Harbour()
    world.host.lies = Relation(is_ancestor=False)

    id = await draft(world)

    assert "v1.3.9 is not part of the history of v1.4.0" in (await as_it_is(world, id)).caveats[0]


async def test_a_shallow_clone_that_does_not_reach_back_is_refused_with_what_to_do():
    world = Harbour()
    world.host.lies = Relation(is_ancestor=False, is_shallow=True)

    id = await draft(world)

    assert "git fetch --unshallow" in world.said[f"release:{id}"].context["why"]


async def test_without_pull_requests_there_are_notes_all_the_same():
    world = Harbour()
    world.host.pulls_down = "GitHub answered 502"

    id = await draft(world)

    drafted = await as_it_is(world, id)
    assert drafted.caveats == ("Titles and labels of pull requests could not be read: GitHub answered 502.",)
    assert drafted.notes[Voice.ENGINEERS].count == 2


async def test_titles_and_labels_of_pull_requests_are_used():
    world = Harbour()
    world.host.pulls = {812: MergedPull(812, "No decimals in yen", labels=("enhancement",))}

    id = await draft(world)

    features = (await as_it_is(world, id)).notes[Voice.ENGINEERS].sections[0]
    assert [line.text for line in features.lines] == ["Checkout: one step (#809)", "No decimals in yen (#812)"]


async def test_unknown_and_unfinished_releases_are_refused():
    world = Harbour()
    await world.use(command, "draft", by=TOM, service="web")

    with pytest.raises(Stale, match="R-1 web is still being drafted"):
        await world.use(command, "publish", by=TOM, release="R-1")
    with pytest.raises(Unknown, match="R-1"):
        await world.use(command, "publish", by=TOM, release="R-9")


async def test_the_list_shows_what_there_is():
    world = Harbour()
    id = await draft(world)

    answer = await world.use(command, "list", by=TOM)

    assert [one.id for one in answer.context["releases"]] == [id]


async def test_the_check_list_holds_the_publication_up_and_shows_who_ticked_what():
    world = Harbour(team=CAREFUL)
    id = await draft(world)
    await world.use(command, "approve", by=ANA, release=id)

    with pytest.raises(Refusal, match="“Support knows” must be ticked"):
        await world.use(command, "publish", by=ANA, release=id)
    await world.use(command, "tick", by=LUIS, release=id, activity=1)
    with pytest.raises(Stale, match="ticked by Luis"):
        await world.use(command, "tick", by=ANA, release=id, activity=1)
    await world.use(command, "untick", by=ANA, release=id, activity=1)
    await world.use(command, "tick", by=ANA, release=id, activity=1)
    with pytest.raises(Refusal, match="has no line 4"):
        await world.use(command, "tick", by=ANA, release=id, activity=4)
    await world.use(command, "publish", by=ANA, release=id)
    await world.use(command, "tick", by=LUIS, release=id, activity=3)

    team_card = world.said[f"release:{id}:review"]
    assert team_card.to == "#releases"
    done = team_card.context["release"].activities
    assert [(one.what, one.done_name, one.done_at) for one in done] == [
        ("Support knows", "Ana", world.clock.now()),
        ("Load test", "", None),
        ("Tell the partners", "Luis", world.clock.now()),
    ]
    with pytest.raises(Stale, match="was published"):
        await world.use(command, "untick", by=ANA, release=id, activity=1)


async def test_others_have_to_agree_and_new_words_need_new_approvals():
    world = Harbour(team=CAREFUL)
    id = await draft(world)
    await world.use(command, "tick", by=LUIS, release=id, activity=1)

    with pytest.raises(Refusal, match="need 1 more approval"):
        await world.use(command, "publish", by=TOM, release=id)
    with pytest.raises(NotAllowed, match="somebody else has to decide"):
        await world.use(command, "approve", by=TOM, release=id)
    await world.use(command, "approve", by=ANA, release=id)
    form = await world.use(command, "edit", by=TOM, release=id)
    same = {**form.carry, **{field.name: field.value for field in form.fields}}
    await world.use(command, "edit", by=TOM, door=Door.FORM, **same)
    assert (await as_it_is(world, id)).approval.is_given
    await world.use(command, "edit", by=TOM, door=Door.FORM, **{**same, "customers_1": "New words"})
    with pytest.raises(Refusal, match="need 1 more approval"):
        await world.use(command, "publish", by=TOM, release=id)


async def test_where_nobody_has_to_agree_approving_says_so():
    world = Harbour()
    id = await draft(world)

    with pytest.raises(Refusal, match="need nobody's approval"):
        await world.use(command, "approve", by=ANA, release=id)


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
