"""Escalations and pages: called in turn until somebody answers, looked at again when due, late ones found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.command import Reply
from bot.core.jobs import Outcome
from bot.core.refusals import Refusal, Stale
from bot.stages.monitor import escalate
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.escalation import Escalation, Escalations, EscalationState, Policy, Step
from bot.stages.monitor.model.page import Page, PageState
from bot.stages.monitor.model.route import Alerting as Routes
from bot.stages.monitor.model.route import Route
from commands.monitor import command as monitor
from tests.fakes import ANA, MEI, TEAM, TOM
from tests.rendered import RENDER
from tests.stages.monitor.alerting import HOUR, LOUD, MINUTE, ONCALL_TEAM, Alerting


async def begun(**how: object) -> Alerting:
    scene = Alerting(**how)  # pyright: ignore
    await scene.begin()
    return scene


def called(scene: Alerting, about: str = "A-1") -> list[str]:
    """Whom the steps called, in order."""
    return [scene.world.said[key].context["called"].who for key in scene.world.said if f"{about}:step:" in key]


async def test_steps_call_one_after_the_other_until_everybody_was() -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(timedelta())
    assert called(scene) == [ANA.id]
    await scene.later(10 * MINUTE)
    assert called(scene) == [ANA.id, MEI.id]
    await scene.later(HOUR)

    assert called(scene) == [ANA.id, MEI.id, "#ops"]
    assert scene.world.said["escalation:A-1/1:3"].to == "#ops"
    assert (await scene.world.get(Escalation, "A-1/1")).state is EscalationState.GIVEN_UP


@pytest.mark.parametrize("verb", ["ack", "resolve"])
async def test_an_answer_stops_it(verb: str) -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(MINUTE)
    await scene.world.use(monitor, verb, by=ANA, alert="A-1")
    await scene.later(30 * MINUTE)

    assert called(scene) == [ANA.id]
    assert [key for key in scene.world.jobs if key.startswith("escalate:")] == []


async def test_it_stops_when_the_alert_resolves() -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(MINUTE)
    await scene.resolve()
    await scene.later(HOUR)

    assert called(scene) == [ANA.id]
    assert (await scene.world.get(Escalation, "A-1/1")).state is EscalationState.OVER


async def test_an_acknowledgement_that_ends_is_asked_about_and_then_it_begins_anew() -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(MINUTE)
    await scene.world.use(monitor, "ack", by=ANA, alert="A-1")
    await scene.later(61 * MINUTE)
    [nag] = scene.keys(":nag:")
    assert scene.world.said[nag].context["by"] == ANA.id
    assert (await scene.world.get(AlertGroup, "A-1")).acknowledged
    await scene.later(11 * MINUTE)

    assert (await scene.world.get(AlertGroup, "A-1")).acknowledged is None
    assert called(scene) == [ANA.id, ANA.id]
    assert scene.world.kinds.count("escalation.begun") == 2


async def test_still_on_it_moves_the_end() -> None:
    scene = await begun()
    await scene.fire()
    await scene.world.use(monitor, "ack", by=ANA, alert="A-1")
    await scene.later(61 * MINUTE)
    await scene.world.use(monitor, "ack", by=ANA, alert="A-1")
    await scene.later(30 * MINUTE)

    assert (await scene.world.get(AlertGroup, "A-1")).acknowledged
    assert len(scene.keys(":nag:")) == 1


async def test_two_people_acknowledge_and_the_second_is_told_who_was_first() -> None:
    scene = await begun()
    await scene.fire()
    await scene.world.use(monitor, "ack", by=ANA, alert="A-1")
    with pytest.raises(Stale, match=f"<@{ANA.id}> has acknowledged A-1"):
        await scene.world.use(monitor, "ack", by=TOM, alert="A-1")


async def test_a_silence_holds_it_up_and_its_end_lets_it_go_on() -> None:
    scene = await begun()
    scene.silencer.fires = frozenset({"HighErrorRate/"})
    await scene.fire()
    await scene.later(MINUTE)
    end = scene.world.clock.now() + HOUR
    await scene.world.use(monitor, "silence", by=TOM, alert="A-1", end=end)
    await scene.later(50 * MINUTE)
    assert called(scene) == [ANA.id]
    await scene.later(20 * MINUTE)

    assert called(scene)[:2] == [ANA.id, MEI.id]


async def test_a_warning_calls_nobody_unless_its_route_says_so() -> None:
    scene = await begun()
    await scene.fire(severity="warning")
    await scene.later(HOUR)
    assert called(scene) == []

    routed = ONCALL_TEAM.with_parts(Routes(routes=(Route("all", escalation="payments"),)))
    scene = await begun(team=routed)
    await scene.fire(severity="warning")
    await scene.later(MINUTE)
    assert called(scene) == [ANA.id]


async def test_whoever_is_on_call_when_the_step_is_due_is_called() -> None:
    late = Policy("payments", (Step(10 * MINUTE, "payments"),))
    scene = await begun(team=ONCALL_TEAM.with_parts(Escalations({"payments": late})))
    await scene.fire()
    await scene.world.use(
        monitor, "cover", by=ANA, rotation="payments", person=TOM.id, end=scene.world.clock.now() + HOUR
    )
    await scene.later(11 * MINUTE)

    assert called(scene) == [TOM.id]


async def test_escalate_takes_the_next_step_now_and_once() -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(MINUTE)
    answer = await scene.world.use(monitor, "escalate", by=TOM, alert="A-1")
    assert isinstance(answer, Reply)
    assert answer.context["called"].who == MEI.id
    await scene.later(10 * MINUTE)

    assert called(scene) == [ANA.id, MEI.id]


async def test_escalating_where_nobody_is_named_says_what_works_instead() -> None:
    scene = await begun(team=TEAM)
    await scene.fire()
    with pytest.raises(Refusal, match="assign A-1"):
        await scene.world.use(monitor, "escalate", by=TOM, alert="A-1")


async def test_nobody_is_mentioned_twice_for_one_step() -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(HOUR)

    for key in scene.keys(":step:"):
        message = scene.world.said[key]
        blocks = str(RENDER(message.template, message.context).blocks)
        assert blocks.count("<@") <= 1


async def test_the_auditor_finds_a_step_that_was_lost_says_so_and_has_it_taken() -> None:
    scene = await begun()
    await scene.fire()
    await scene.later(timedelta())
    lost = next(key for key in scene.world.jobs if key.startswith("escalate:A-1/1:1"))
    del scene.world.store.jobs[lost]
    outcomes = await scene.world.later(16 * MINUTE, escalate.audit)
    assert outcomes.count(Outcome.DONE) == 1
    told = scene.world.said["escalation:A-1/1:late:1"]
    assert (told.to, told.context["escalation"].about) == ("#alerts", "A-1")
    await scene.later(timedelta())

    assert called(scene) == [ANA.id, MEI.id]
    assert await scene.world.later(6 * MINUTE, escalate.audit) == [Outcome.NOOP]


async def test_a_page_calls_whoever_is_on_call_until_somebody_answers() -> None:
    scene = await begun()
    await scene.world.use(monitor, "page", by=TOM, team="payments", words="The checkout hangs.")
    await scene.later(timedelta())
    assert scene.world.said["page:P-1:step:1"].to == ANA.id
    assert scene.world.said["page:P-1"].to == "#payments"
    await scene.later(10 * MINUTE)
    assert scene.world.said["page:P-1:step:2"].to == MEI.id
    await scene.world.use(monitor, "heard", by=MEI, page="P-1")
    await scene.later(HOUR)

    assert scene.keys("P-1:step:3") == []
    assert scene.world.said["page:P-1:heard"].to == TOM.id
    assert (await scene.world.get(Page, "P-1")).answered_by == MEI.id
    with pytest.raises(Stale, match=f"<@{MEI.id}> answered P-1"):
        await scene.world.use(monitor, "heard", by=ANA, page="P-1")


async def test_a_page_that_nobody_answers_says_so_and_can_still_be_answered() -> None:
    scene = await begun()
    await scene.world.use(monitor, "page", by=TOM, team="payments", words="The checkout hangs.")
    await scene.later(HOUR)

    page = await scene.world.get(Page, "P-1")
    assert (page.state, page.called) == (PageState.UNHEARD, (ANA.id, MEI.id, "#ops"))
    await scene.world.use(monitor, "heard", by=ANA, page="P-1")
    assert (await scene.world.get(Page, "P-1")).state is PageState.ANSWERED


async def test_without_a_policy_whoever_is_on_call_is_called_twice() -> None:
    scene = await begun(team=ONCALL_TEAM.with_parts(Escalations({})))
    await scene.world.use(monitor, "page", by=TOM, team="payments", words="Help.")
    await scene.later(HOUR)

    assert [scene.world.said[f"page:P-1:step:{n}"].to for n in (1, 2)] == [ANA.id, ANA.id]


async def test_an_assigned_alert_is_somebodys_and_calls_them_once() -> None:
    scene = await begun()
    await scene.fire()
    await scene.world.use(monitor, "assign", by=ANA, alert="A-1", person=MEI.id)
    group = await scene.world.get(AlertGroup, "A-1")
    assert group.acknowledged
    assert (group.acknowledged.by, group.acknowledged.given_by) == (MEI.id, ANA.id)
    [key] = scene.keys(":assigned:")
    assert scene.texts(key)
    await scene.world.use(monitor, "unack", by=MEI, alert="A-1")
    await scene.later(MINUTE)
    assert called(scene) == [ANA.id]


async def test_nobody_is_on_it_for_ever() -> None:
    scene = await begun()
    await scene.fire()
    for length, says in ((-HOUR, "in the past"), (timedelta(days=8), "more than 7 days")):
        with pytest.raises(Refusal, match=says):
            await scene.world.use(monitor, "ack", by=ANA, alert="A-1", length=scene.world.clock.now() + length)


def test_a_policy_goes_round_as_often_as_it_says() -> None:
    twice = replace(LOUD, rounds=2)
    names = [step.to if (step := twice.step(n)) else None for n in range(7)]
    assert names == ["payments", MEI.id, "#ops", "payments", MEI.id, "#ops", None]
