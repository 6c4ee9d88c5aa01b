"""On call: handed over by the clock with a brief, covered, swapped by agreement; the user group follows."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.core.command import Door, Form, Reply
from bot.core.incident_severity import IncidentSeverity
from bot.core.refusals import Refusal, Stale, Unknown
from bot.stages.monitor import incidents
from bot.team.oncall.model.rotation import Cover, CoverState, Rotation
from bot.team.oncall.model.rotations import Rotations
from commands.monitor import command as monitor
from tests.fakes import ANA, GUS, LUIS, MEI, NOON, TOM
from tests.stages.monitor.alerting import HOUR, MINUTE, ONCALL_TEAM, ROTA, Alerting

DAY = timedelta(days=1)
NEXT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)  # 09:00 in Berlin


async def begun(**how: object) -> Alerting:
    scene = Alerting(**how)  # pyright: ignore
    await scene.begin()
    return scene


async def who(scene: Alerting) -> str:
    return (await scene.world.get(Rotation, "payments")).on_call


async def test_the_first_start_hands_over_to_nobody_and_owes_the_next() -> None:
    scene = await begun()

    assert await who(scene) == ANA.id
    assert scene.keys("handover") == []
    turns = [job for job in scene.world.jobs.values() if job.kind == "oncall.turn"]
    assert [job.due for job in turns] == [NEXT]


async def test_a_restart_changes_nothing_and_owes_nothing_twice() -> None:
    scene = await begun()
    before = dict(scene.world.jobs)
    scene.world.clock.move(HOUR)
    await scene.begin()

    turns = [key for key in scene.world.jobs if key.startswith("oncall.turn")]
    assert turns == [key for key in before if key.startswith("oncall.turn")]
    assert scene.keys("handover") == []


async def test_a_hand_over_tells_what_is_open_to_the_channel_and_to_whoever_comes_on() -> None:
    scene = await begun()
    await scene.fire()
    await scene.world.use(monitor, "ack", by=ANA, alert="A-1", length=NEXT + DAY)
    await scene.fire("Slow", severity="warning")
    await scene.world.use(monitor, "silence", by=MEI, alert="A-2", end=NEXT + DAY)
    async with scene.world.unit() as work:
        await incidents.open_one(work, "Checkout fails", ANA, severity=IncidentSeverity.MAJOR, service="payments")
        await incidents.open_one(work, "Mails are late", ANA, service="web")
    await scene.later(DAY)

    assert await who(scene) == TOM.id
    key = f"handover:payments:{NEXT:%Y%m%dT%H%M%S}:{TOM.id}"
    told, direct = scene.world.said[key], scene.world.said[f"{key}:you"]
    assert (told.to, direct.to) == ("#payments", TOM.id)
    brief = told.context["brief"]
    assert [one.id for one in brief.alerts] == ["A-1", "A-2"]
    assert [one.id for one in brief.silences] == ["Q-1"]
    assert [one.title for one in brief.incidents] == ["Checkout fails"]
    assert scene.groups.groups["S0ONCALL"] == [(ANA.id,), (TOM.id,)]


async def test_turns_go_on_over_the_night_on_which_clocks_go_back() -> None:
    at = datetime(2026, 10, 23, 12, tzinfo=UTC)
    team = ONCALL_TEAM.with_parts(
        Rotations({"payments": replace(ROTA, starts_on=date(2026, 10, 23), at=time(2, 30))})
    )
    scene = Alerting(team=team, at=at)
    await scene.begin()
    await scene.later(4 * DAY)

    handed = [key.split(":")[2] for key in scene.keys("handover") if not key.endswith("you")]
    # 02:30 in Berlin: in summer time, in the first of the two hours of the 25th, then in winter time.
    assert handed == ["20261024T003000", "20261025T003000", "20261026T013000", "20261027T013000"]


async def test_a_hand_over_that_comes_late_says_so() -> None:
    scene = await begun()
    await scene.later(DAY, up_late=40 * MINUTE)

    [key] = [key for key in scene.keys("handover") if not key.endswith("you")]
    assert scene.world.said[key].context["late_by"] == 40 * MINUTE


async def test_a_cover_begins_and_ends_by_itself() -> None:
    scene = await begun()
    await scene.world.use(
        monitor, "cover", by=ANA, rotation="payments", person=MEI.id, begin=NOON + HOUR, end=NOON + 3 * HOUR
    )
    assert scene.world.said["cover:W-1"].to == MEI.id
    seen = [await who(scene)]
    for _ in range(2):
        await scene.later(2 * HOUR)
        seen.append(await who(scene))

    assert seen == [ANA.id, MEI.id, ANA.id]


async def test_a_swap_counts_once_they_agree_and_whoever_asked_is_told() -> None:
    scene = await begun()
    await scene.world.use(monitor, "swap", by=ANA, rotation="payments", person=TOM.id)
    assert (await who(scene), scene.world.said["cover:W-1"].to) == (ANA.id, TOM.id)
    with pytest.raises(Refusal, match="Only Tom"):
        await scene.world.use(monitor, "take-swap", by=MEI, cover="W-1")
    await scene.world.use(monitor, "take-swap", by=TOM, cover="W-1")

    assert await who(scene) == TOM.id
    assert scene.world.said["cover:W-1:answer"].to == ANA.id
    assert scene.keys("handover") != []
    with pytest.raises(Stale, match="agreed already"):
        await scene.world.use(monitor, "decline-swap", by=TOM, cover="W-1")


async def test_a_declined_swap_leaves_it_as_it_was() -> None:
    scene = await begun()
    await scene.world.use(monitor, "swap", by=ANA, rotation="payments", person=TOM.id)
    await scene.world.use(monitor, "decline-swap", by=TOM, cover="W-1")

    assert (await scene.world.get(Cover, "W-1")).state is CoverState.DECLINED
    assert await who(scene) == ANA.id


async def test_a_cover_is_taken_back_by_whom_it_concerns() -> None:
    scene = await begun()
    await scene.world.use(monitor, "cover", by=ANA, rotation="payments", person=MEI.id, end=NOON + 3 * HOUR)
    assert await who(scene) == MEI.id
    with pytest.raises(Refusal, match="Mei or whoever arranged it"):
        await scene.world.use(monitor, "uncover", by=TOM, cover="W-1")
    await scene.world.use(monitor, "uncover", by=MEI, cover="W-1")

    assert await who(scene) == ANA.id


@pytest.mark.parametrize(
    ("verb", "args", "says"),
    [
        ("cover", {"rotation": "paymnts", "end": NOON + HOUR}, "no rotation “paymnts”.*payments"),
        ("cover", {"rotation": "payments", "person": GUS.id, "end": NOON + HOUR}, "no full member"),
        ("cover", {"rotation": "payments", "begin": NOON + 2 * HOUR, "end": NOON + HOUR}, "ends after it begins"),
        ("swap", {"rotation": "payments", "person": TOM.id}, "take no turns"),
        ("swap", {"rotation": "payments", "person": TOM.id}, "relieved"),
        ("rotation", {"name": "payments"}, "set up by the team file"),
        ("remove-rotation", {"rotation": "payments"}, "set up by the team file"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(verb: str, args: dict[str, Any], says: str) -> None:
    scene = await begun()
    by = LUIS if "turns" in says else TOM
    with pytest.raises(Refusal, match=says):
        await scene.world.use(monitor, verb, by=by, **args)


async def test_a_rotation_is_set_up_by_form_and_shown() -> None:
    scene = Alerting(team=ONCALL_TEAM.with_parts(Rotations({})))
    await scene.begin()
    form = await scene.world.use(monitor, "rotation", by=ANA, name="web")
    assert isinstance(form, Form)
    fields = {field.name: field.value for field in form.fields if field.value is not None}
    sent: dict[str, Any] = {**form.carry, **fields, "people": (TOM.id, MEI.id), "every": "day", "zone": "Tokyo"}
    made = await scene.world.use(monitor, "rotation", by=ANA, door=Door.FORM, **sent)
    assert isinstance(made, Reply)

    rotation = await scene.world.get(Rotation, "web")
    assert (rotation.rota.zone, rotation.from_file) == ("Asia/Tokyo", False)
    shown = await scene.world.use(monitor, "oncall")
    assert [one.rotation.id for one in shown.context["standings"]] == ["web"]  # pyright: ignore


async def test_a_rotation_that_the_team_file_no_longer_names_is_gone() -> None:
    scene = await begun()
    scene.world.unit._team = ONCALL_TEAM.with_parts(Rotations({}))
    await scene.begin()

    assert await scene.world.find(Rotation) == []
    with pytest.raises(Unknown):
        await scene.world.use(monitor, "oncall", rotation="payments")


async def test_slack_that_is_silent_is_asked_again_and_one_that_refuses_is_told_once() -> None:
    scene = Alerting()
    scene.groups.silent = True
    await scene.begin()
    await scene.later(3 * MINUTE)
    assert scene.groups.groups == {}
    scene.groups.silent = False
    await scene.later(2 * MINUTE)
    assert scene.groups.groups == {"S0ONCALL": [(ANA.id,)]}

    scene.groups.trouble = "no_such_subteam"
    await scene.later(3 * DAY)
    assert len(scene.keys("oncall.group:")) == 1
