"""Silences: shown before what they mute, kept there too, owned to their end, and said when they end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.command import Door, Form, MessageRef, Reply
from bot.core.refusals import NotAllowed, NotUnderstood, Refusal, Stale
from bot.core.team import Rule
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.escalation import Escalations
from bot.stages.monitor.model.silence import Kept, Silence, SilenceState
from bot.team.oncall.model.rotations import Rotations
from commands.loose_ends import command as loose_ends
from commands.monitor import command as monitor
from tests.fakes import ANA, NOON, TOM
from tests.stages.monitor.alerting import HOUR, MINUTE, ONCALL_TEAM, Alerting

ALONE = replace(ONCALL_TEAM, alertmanager="").with_parts(Rotations({}), Escalations({}))


async def silenced(scene: Alerting, until: timedelta = 2 * HOUR) -> Silence:
    await scene.fire()
    await scene.world.use(
        monitor, "silence", by=ANA, alert="A-1", end=scene.world.clock.now() + until, reason="disk"
    )
    return await scene.world.get(Silence, "Q-1")


async def test_a_silence_without_neighbours_is_set_at_once() -> None:
    scene = Alerting(team=ALONE)
    silence = await silenced(scene)

    assert silence.kept is Kept.HERE
    group = await scene.world.get(AlertGroup, "A-1")
    assert (group.silence_id, group.silenced_until) == ("Q-1", NOON + 2 * HOUR)
    assert "Silenced" in scene.texts("alert:A-1")
    mine = await scene.world.use(loose_ends, by=ANA)
    assert [(one.kind, one.id) for one in mine.context["mine"]] == [("silence", "Q-1")]  # pyright: ignore


async def test_what_else_would_be_muted_is_shown_first_and_the_form_can_narrow_it() -> None:
    scene = Alerting(team=ALONE)
    await scene.fire("DiskFull")
    await scene.resolve("DiskFull")
    scene.world.clock.move(HOUR)
    await scene.fire()
    await scene.fire("Slow", severity="critical")

    wide = 'service="payments"'
    asked = await scene.world.use(monitor, "silence", by=ANA, alert="A-2", end=scene.world.clock.now() + HOUR)
    assert isinstance(asked, Reply), "its own labels mute nothing else"
    await scene.world.use(monitor, "unsilence", by=ANA, alert="A-2")

    form = await scene.world.use(
        monitor, "silence", by=ANA, door=Door.FORM, alert="A-2", end=scene.world.clock.now() + HOUR, matchers=wide
    )
    assert isinstance(form, Form)
    assert form.intro
    also = form.intro.context["also"]
    assert ([one.id for one in also.open], [one.id for one in also.recent]) == (["A-3"], ["A-1"])

    args = {**form.carry, "end": scene.world.clock.now() + HOUR, "matchers": wide}
    done = await scene.world.use(monitor, "silence", by=ANA, door=Door.FORM, **args)
    assert isinstance(done, Reply)
    silenced_now = [one.id for one in await scene.world.find(AlertGroup) if one.silence_id]
    assert silenced_now == ["A-2", "A-3"]
    assert "A-3 Slow" in scene.texts("alert:A-2:silence:Q-2")


async def test_a_new_alert_with_those_labels_begins_quiet_and_calls_nobody() -> None:
    scene = Alerting()
    await scene.begin()
    await silenced(scene)
    await scene.world.use(monitor, "resolve", by=ANA, alert="A-1")
    scene.world.clock.move(90 * MINUTE)
    await scene.fire()

    group = await scene.world.get(AlertGroup, "A-2")
    assert group.silence_id == "Q-1"
    await scene.later(20 * MINUTE)
    assert scene.keys("A-2:step") == []


async def test_an_alert_of_other_labels_in_the_group_is_heard() -> None:
    scene = Alerting(team=ALONE)
    await scene.fire(instance="1")
    await scene.world.use(monitor, "silence", by=ANA, alert="A-1", end=NOON + HOUR)
    await scene.fire(instance="2")

    assert (await scene.world.get(AlertGroup, "A-1")).silence_id == ""


async def test_its_owner_is_asked_before_its_end_and_told_once_at_it() -> None:
    scene = Alerting(team=ALONE)
    await silenced(scene)
    await scene.later(106 * MINUTE)
    ask = scene.world.said[f"silence:Q-1:ends:{(NOON + 2 * HOUR).timestamp():.0f}"]
    assert ask.to == ANA.id

    await scene.later(HOUR)

    assert (await scene.world.get(Silence, "Q-1")).state is SilenceState.EXPIRED
    assert scene.world.said["alert:A-1:heard:Q-1"].context["by"] == ANA.id
    assert scene.world.kinds[-1] == "alert.unsilenced"


async def test_whoever_says_let_it_end_is_not_called_at_the_end() -> None:
    scene = Alerting(team=ALONE)
    await silenced(scene)
    await scene.later(106 * MINUTE)
    await scene.world.use(monitor, "let-end", by=ANA, silence="Q-1")
    await scene.later(HOUR)

    assert scene.world.said["alert:A-1:heard:Q-1"].context["by"] == ""


async def test_extended_it_lasts_and_asks_again() -> None:
    scene = Alerting(team=ALONE)
    await silenced(scene)
    await scene.later(106 * MINUTE)
    await scene.world.use(monitor, "extend", by=ANA, silence="A-1")
    await scene.later(40 * MINUTE)
    assert (await scene.world.get(AlertGroup, "A-1")).silenced_until == NOON + 3 * HOUR
    await scene.later(2 * HOUR)

    assert len(scene.keys(":ends:")) == 2
    assert (await scene.world.get(Silence, "Q-1")).state is SilenceState.EXPIRED


async def test_a_lifted_silence_is_over_everywhere() -> None:
    scene = Alerting()
    await silenced(scene)
    await scene.later(MINUTE)
    assert scene.silencer.kept == {"Q-1": NOON + 2 * HOUR}
    scene.silencer.fires = frozenset({"HighErrorRate/"})
    await scene.world.use(monitor, "unsilence", by=TOM, alert="A-1")
    await scene.later(MINUTE)

    assert scene.silencer.kept == {}
    assert (await scene.world.get(AlertGroup, "A-1")).silence_id == ""
    with pytest.raises(Refusal, match="not silenced"):
        await scene.world.use(monitor, "unsilence", by=TOM, alert="A-1")


async def test_an_unreachable_alertmanager_is_said_on_the_card_and_tried_again() -> None:
    scene = Alerting()
    scene.silencer.down = "it does not answer within 5 s"
    await silenced(scene)
    await scene.later(MINUTE / 2)

    assert "cannot be reached" in scene.texts("alert:A-1:silence:Q-1")
    assert (await scene.world.get(AlertGroup, "A-1")).silence_trouble
    scene.silencer.down = ""
    await scene.later(MINUTE)

    assert scene.silencer.kept == {"Q-1": NOON + 2 * HOUR}
    assert "Alertmanager has it too" in scene.texts("alert:A-1:silence:Q-1")
    assert not (await scene.world.get(AlertGroup, "A-1")).silence_trouble


async def test_one_that_never_came_there_ends_by_itself_all_the_same() -> None:
    scene = Alerting()
    scene.silencer.down = "it answers 503"
    await silenced(scene)
    await scene.later(3 * HOUR)

    assert (await scene.world.get(Silence, "Q-1")).state is SilenceState.EXPIRED
    assert (await scene.world.get(AlertGroup, "A-1")).silence_id == ""
    assert [key for key in scene.world.jobs if key.startswith("silence.write")] == []


async def test_what_ended_while_it_was_quiet_there_is_not_said_to_fire_still() -> None:
    scene = Alerting()
    await silenced(scene)
    await scene.later(3 * HOUR)

    assert (await scene.world.get(AlertGroup, "A-1")).state == "resolved"
    assert scene.keys(":heard:") == []


async def test_in_its_thread_the_alert_need_not_be_named() -> None:
    scene = Alerting(team=ALONE)
    await scene.fire()
    scene.world.store.posted["C0ALERTS", "17.1"] = "alert:A-1"
    here = MessageRef("C0ALERTS", "17.5", thread_ts="17.1")
    await scene.world.use(monitor, "silence", by=ANA, door=Door.MENTION, on=here, end=NOON + HOUR)
    await scene.world.use(monitor, "note", by=ANA, door=Door.MENTION, on=here, words="The disk is being replaced.")

    assert (await scene.world.get(AlertGroup, "A-1")).silence_id == "Q-1"
    assert "being replaced" in scene.texts("alert:A-1:note:A-1/1")
    elsewhere = MessageRef("C0ALERTS", "18.5", thread_ts="18.1")
    with pytest.raises(NotUnderstood, match=r"Which alert.*A-1"):
        await scene.world.use(monitor, "ack", by=ANA, door=Door.MENTION, on=elsewhere)


@pytest.mark.parametrize(
    ("end", "matchers", "says"),
    [
        (NOON - HOUR, None, "in the future"),
        (NOON + timedelta(days=31), None, "30 days at most"),
        (NOON + HOUR, 'team=~".*"', "every alert there is"),
        (NOON + HOUR, 'service="web"', "do not cover everything"),
        (NOON + HOUR, "whatever you like", "no matchers"),
    ],
)
async def test_what_is_no_silence_is_refused_in_a_sentence(end: object, matchers: str | None, says: str) -> None:
    scene = Alerting(team=ALONE)
    await scene.fire()
    args: dict[str, Any] = {"matchers": matchers} if matchers else {}
    with pytest.raises(Refusal, match=says):
        await scene.world.use(monitor, "silence", by=ANA, door=Door.FORM, alert="A-1", end=end, **args)
    assert await scene.world.find(Silence) == []


async def test_a_resolved_alert_is_not_silenced_and_a_silenced_one_not_twice() -> None:
    scene = Alerting(team=ALONE)
    await silenced(scene)
    with pytest.raises(Refusal, match="silenced already, by Q-1"):
        await scene.world.use(monitor, "silence", by=TOM, alert="A-1", end=NOON + HOUR)
    await scene.resolve()
    with pytest.raises(Stale, match="nothing to silence"):
        await scene.world.use(monitor, "silence", by=TOM, alert="A-1", end=NOON + HOUR)


async def test_who_may_act_is_asked_where_the_alert_is() -> None:
    rules = (Rule("quiet is for release", ("monitor.silence",), ("production",), ("release",)),)
    scene = Alerting(team=replace(ALONE, policy=rules))
    await scene.fire(environment="production")
    await scene.fire("Slow", environment="staging")
    with pytest.raises(NotAllowed, match=r"quiet is for release: monitor\.silence in production"):
        await scene.world.use(monitor, "silence", by=TOM, alert="A-1", end=NOON + HOUR)

    await scene.world.use(monitor, "silence", by=TOM, alert="A-2", end=NOON + HOUR)
    await scene.world.use(monitor, "silence", by=ANA, alert="A-1", end=NOON + HOUR)
    assert [one.by for one in await scene.world.find(Silence)] == [TOM.id, ANA.id]


async def test_whoever_silences_notes_or_opens_an_incident_has_done_something_about_it() -> None:
    deeds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("silence", {"end": NOON + HOUR}),
        ("note", {"words": "seen"}),
        ("incident-from", {}),
        ("resolve", {}),
    )
    for verb, args in deeds:
        scene = Alerting(team=ALONE)
        await scene.fire()
        await scene.world.use(monitor, verb, by=ANA, alert="A-1", **args)
        assert (await scene.world.get(AlertGroup, "A-1")).first_acted_at == NOON
