"""Nobody makes themselves an approver with the bot's hand: who may move people into a group that gives a role."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.config.team_file import read_team
from bot.core.command import Door
from bot.core.policy import Policy
from bot.core.refusals import NotAllowed, Refusal
from bot.core.team import Role, Rule
from bot.operator.check_groups import group_findings
from bot.slack.directory import SlackDirectory
from bot.stages.monitor.model.escalation import Escalations
from bot.stages.standup.model.setup import Setup, Standup
from bot.team.oncall.model.rotation import Rotation
from bot.team.oncall.model.rotations import Rotations
from commands.monitor import command as monitor
from tests.fakes import ANA, LUIS, MEI, NOON, TOM, FakeClock
from tests.stages.monitor.alerting import HOUR, ONCALL_TEAM, ROTA, Alerting

GROUP = ROTA.user_group
ROLE = replace(ONCALL_TEAM, roles={"sre": Role("sre", groups=frozenset({GROUP}))})
BROAD = Rule("policy.2", ("monitor.*",), (), ("members",))
EXAMPLE = Path(__file__).resolve().parents[3] / "eightbells.example.yml"


def chosen(*verbs: str, roles: tuple[str, ...] = ("lead",), environments: tuple[str, ...] = ()) -> Rule:
    return Rule("policy.3", verbs, environments, roles)


def team(*rules: Rule):
    roles = {**ROLE.roles, "lead": Role("lead", frozenset({ANA.id}))}
    return replace(ROLE, roles=roles, policy=(BROAD, *rules))


async def begun(of) -> Alerting:
    scene = Alerting(team=of)
    await scene.begin()
    await scene.later(HOUR)
    return scene


FORM = {"every": "day", "weekday": "Mon", "at": ROTA.at, "zone": "UTC", "user_group": GROUP}


async def test_a_rotation_made_in_a_form_keeps_no_group_whatever_the_form_carries() -> None:
    scene = await begun(ROLE)
    before = list(scene.groups.groups[GROUP])
    await scene.world.use(monitor, "rotation", by=TOM, door=Door.FORM, name="mine", people=(TOM.id,), **FORM)
    await scene.later(HOUR)

    assert scene.groups.groups[GROUP] == before
    assert (await scene.world.get(Rotation, "mine")).rota.user_group == ""


async def test_a_group_chosen_in_a_form_before_is_dropped_at_the_start_and_its_channel_told() -> None:
    scene = Alerting(team=ROLE)
    async with scene.world.unit() as work:
        old = replace(ROTA, people=(TOM.id,), channel="#old-ops")
        await work.add(Rotation(id="mine", rota=old, on_call=MEI.id))
    await scene.begin()
    await scene.begin()
    await scene.later(HOUR)

    assert scene.groups.groups[GROUP] == [(ANA.id,)]
    told = scene.world.said[f"oncall.group:{GROUP}:dropped:mine"]
    assert (told.to, told.template) == ("#old-ops", "monitor/group_dropped")
    assert scene.world.kinds.count("rotation.group_dropped") == 1


@pytest.mark.parametrize(
    "of",
    [
        ROLE,
        team(),
        team(chosen("monitor.cover", "monitor.swap", roles=("members",))),
        team(chosen("monitor.cover", "monitor.swap", environments=("production",))),
        replace(
            ONCALL_TEAM,
            services={
                **ONCALL_TEAM.services,
                "payments": replace(ONCALL_TEAM.services["payments"], owners=(GROUP,)),
            },
        ),
    ],
    ids=["no rule", "monitor.*", "for all members", "for an environment", "owners"],
)
async def test_nobody_covers_or_swaps_in_a_group_that_gives_a_role_without_a_rule_by_name(of) -> None:
    scene = await begun(of)
    for verb, words in (("cover", {"end": NOON + 5 * HOUR}), ("swap", {})):
        with pytest.raises(
            NotAllowed, match=f"into the user group {GROUP}.*monitor.{verb} is only for those to whom"
        ):
            await scene.world.use(monitor, verb, by=ANA, rotation="payments", person=TOM.id, **words)
    await scene.later(HOUR)

    assert scene.groups.groups[GROUP] == [(ANA.id,)]


async def test_a_stand_up_set_up_in_slack_counts_as_well() -> None:
    scene = await begun(ONCALL_TEAM)
    async with scene.world.unit() as work:
        await work.add(Standup(setup=Setup("Ops", "#ops", groups=(GROUP,)), made_by=MEI.id, made_at=work.now))
    with pytest.raises(NotAllowed, match="the stand-up Ops"):
        await scene.world.use(monitor, "cover", by=ANA, rotation="payments", person=TOM.id, end=NOON + 5 * HOUR)


async def test_whom_a_rule_names_may_and_only_for_that_verb() -> None:
    scene = await begun(team(chosen("monitor.cover")))
    with pytest.raises(NotAllowed):
        await scene.world.use(monitor, "swap", by=ANA, rotation="payments", person=TOM.id)
    with pytest.raises(NotAllowed):
        await scene.world.use(monitor, "cover", by=LUIS, rotation="payments", person=LUIS.id, end=NOON + 5 * HOUR)
    await scene.world.use(monitor, "cover", by=ANA, rotation="payments", person=TOM.id, end=NOON + 5 * HOUR)
    await scene.later(HOUR)

    assert scene.groups.groups[GROUP] == [(ANA.id,), (TOM.id,)]


async def test_a_cover_that_begins_later_is_asked_about_again_when_it_does() -> None:
    scene = await begun(team(chosen("monitor.cover", roles=("admins",))))
    admin = scene.world.directory.known[ANA.id] = replace(ANA, is_admin=True)
    await scene.world.use(
        monitor, "cover", by=admin, rotation="payments", person=TOM.id, begin=NOON + 3 * HOUR, end=NOON + 9 * HOUR
    )
    scene.world.directory.known[ANA.id] = ANA  # no admin by then
    await scene.later(4 * HOUR)

    assert (await scene.world.get(Rotation, "payments")).on_call == TOM.id
    assert set(scene.groups.groups[GROUP]) == {(ANA.id,)}
    assert "not into the user group" in scene.texts(f"oncall.group:{GROUP}:W-1")
    assert "rotation.cover_kept_out" in scene.world.kinds


async def test_whom_a_cover_put_into_a_group_before_it_gave_a_role_is_not_in_it_after_the_next_start() -> None:
    scene = await begun(replace(ONCALL_TEAM, policy=(BROAD,)))
    await scene.world.use(monitor, "cover", by=LUIS, rotation="payments", person=LUIS.id, end=NOON + 9 * HOUR)
    await scene.later(HOUR)
    assert scene.groups.groups[GROUP][-1] == (LUIS.id,)

    scene.restart(team())  # which names the group in a role
    await scene.begin()
    await scene.later(HOUR)
    assert scene.groups.groups[GROUP][-1] == (ANA.id,)
    assert "not into the user group" in scene.texts(f"oncall.group:{GROUP}:W-1")


async def test_a_cover_in_a_rotation_of_ones_own_brings_nobody_into_the_group_that_the_file_gives_it_later() -> (
    None
):
    scene = await begun(ROLE.with_parts(Rotations({}), Escalations({})))
    await scene.world.use(monitor, "rotation", by=TOM, door=Door.FORM, name="payments", people=(TOM.id,), **FORM)
    await scene.world.use(monitor, "cover", by=TOM, rotation="payments", person=TOM.id, end=NOON + 900 * HOUR)
    await scene.later(HOUR)
    assert scene.groups.groups == {}

    scene.restart(ROLE)
    await scene.begin()
    await scene.later(HOUR)
    assert (await scene.world.get(Rotation, "payments")).from_file
    assert TOM.id not in {person for put in scene.groups.groups[GROUP] for person in put}


@pytest.mark.parametrize("name", ["Payments", "PAYMENTS", "payments ", "раyments", "payments\u200b"])
async def test_a_rotation_whose_name_looks_like_the_files_is_another_one_without_a_group(name: str) -> None:
    scene = await begun(team())
    with suppress(Refusal):
        await scene.world.use(monitor, "rotation", by=TOM, door=Door.FORM, name=name, people=(TOM.id,), **FORM)
        await scene.world.use(
            monitor, "cover", by=TOM, rotation=name, person=TOM.id, begin=NOON, end=NOON + 9 * HOUR
        )
    await scene.later(4 * HOUR)

    assert {person for put in scene.groups.groups[GROUP] for person in put} == {ANA.id}
    assert (await scene.world.get(Rotation, "payments")).rota == ROTA


@pytest.mark.parametrize("id", ["s0oncall", "S0oncall", " S0ONCALL", "S0ONCALL ", "@oncall", "Ѕ0ONCALL"])
def test_a_group_is_named_by_its_id_to_the_letter(tmp_path: Path, id: str) -> None:
    """So that the group of a rotation and the one of a role cannot be the same by another spelling."""
    file = tmp_path / "team.yml"
    for text in (
        f"rotations: {{web: {{people: [U0ANA, U0TOM], user_group: '{id}'}}}}\n",
        f"roles: {{release: ['{id}']}}\n",
    ):
        file.write_text(text)
        _, wrong = read_team(file)
        assert [
            one.where.rpartition(".")[2] for one in wrong if "release" in one.where or "user_group" in one.where
        ]


async def test_a_group_that_takes_the_name_of_a_roles_group_gives_nothing() -> None:
    directory = SlackDirectory(AsyncWebClient(), FakeClock(), team_id="T1")
    directory.on_change = lambda ids: None
    for id, person in ((GROUP, ANA), ("S0MINE", TOM)):
        user = {"id": person.id, "team_id": "T1", "name": person.name, "real_name": person.name}
        directory.happened({"type": "user_change", "user": user})
        directory.happened({"type": "subteam_created", "subteam": {"id": id, "handle": id, "users": [person.id]}})
    for event in (
        {"id": GROUP, "handle": "retired", "users": [ANA.id], "user_count": 1},
        {"id": "S0MINE", "handle": GROUP, "name": "sre", "users": [TOM.id], "user_count": 1},
    ):
        directory.happened({"type": "subteam_updated", "subteam": event})
    policy = Policy(replace(ROLE, policy=(Rule("r", ("deploy.approve",), (), ("sre",)),)))

    ana, tom = await directory.person(ANA.id), await directory.person(TOM.id)
    assert policy.allows("deploy.approve", None, ana)
    assert not policy.allows("deploy.approve", None, tom)


async def test_a_group_that_gives_nothing_follows_covers_of_anybody() -> None:
    scene = await begun(replace(ONCALL_TEAM, policy=(BROAD,)))
    await scene.world.use(monitor, "cover", by=LUIS, rotation="payments", person=TOM.id, end=NOON + 5 * HOUR)
    await scene.later(HOUR)

    assert scene.groups.groups[GROUP] == [(ANA.id,), (TOM.id,)]


def test_check_warns_of_the_shape_and_not_of_the_example() -> None:
    example, _ = read_team(EXAMPLE)
    assert example is not None
    assert group_findings(example) == []
    found = [one.what for one in group_findings(team(chosen("monitor.cover", roles=("members",))))]
    assert found == [
        f"rotations.payments.user_group: {GROUP} belongs to the role sre, and whoever is on call is put in",
        "policy.3: monitor.cover for members leaves out rotations whose group is a role's",
    ]
