"""Nobody makes themselves an approver with the bot's hand: who may move people into a group that gives a role."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config.team_file import read_team
from bot.core.command import Door
from bot.core.refusals import NotAllowed
from bot.core.team import Role, Rule
from bot.operator.check_groups import group_findings
from bot.stages.standup.model.setup import Setup, Standup
from bot.team.oncall.model.rotation import Rotation
from commands.monitor import command as monitor
from tests.fakes import ANA, LUIS, MEI, NOON, TOM
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
