"""Suspects: what changed shortly before, the way back, and the answer that alone counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.ledger import Entry, Fact, Subject
from bot.core.people import Person
from bot.core.refusals import Refusal, Stale
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.slot import Slot
from bot.stages.monitor import suspects
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.suspect import CauseQuestion
from commands.monitor import command as monitor
from tests.fakes import ANA, LUIS, MEI, TEAM, TOM
from tests.rendered import buttons
from tests.stages.monitor.alerting import HOUR, MINUTE, Alerting

PAYMENTS = Subject("service", "payments")


async def went_live(scene: Alerting, version: str, environment: str = "production") -> Deployment:
    """A deployment that has just succeeded, as ``deploy_run`` leaves it."""
    now = scene.world.clock.now()
    asked = Deployment.ask("payments", version, TEAM.environments[environment], LUIS, now)
    live = replace(asked, state=State.SUCCEEDED, before=Version("v2.8.0"), ended_at=now, run=1)
    async with scene.world.unit() as work:
        live = await work.add(live)
        slot = Slot.of("payments", environment)
        known = await work.get(Slot, slot.id)
        await (work.save if known else work.add)(replace(known or slot, latest=live.id))
        subjects = (
            Subject("deployment", live.id),
            Subject("version", f"payments@{version}"),
            PAYMENTS,
            Subject("environment", environment),
        )
        work.record(Entry("deployment.succeeded", subjects, LUIS.id))
    return live


async def happened(scene: Alerting, kind: str, *subjects: Subject, **facts: Fact) -> None:
    async with scene.world.unit() as work:
        work.record(Entry(kind, (*subjects, PAYMENTS), ANA.id, facts))


async def suspected(scene: Alerting, id: str = "A-1") -> list[str]:
    group = await scene.world.get(AlertGroup, id)
    return [one.what for one in group.suspected.changes] if group.suspected else []


async def test_what_changed_within_two_hours_is_named_newest_first() -> None:
    scene = Alerting()
    await went_live(scene, "v2.7.0")
    scene.world.clock.move(3 * HOUR)
    await happened(scene, "tag.pushed", Subject("sha", "9f3c2a1" + "0" * 33), Subject("version", "payments@v2.8.1"))
    await happened(scene, "commit.pushed", Subject("sha", "aaaaaaa" + "0" * 33), branch="main")
    await happened(scene, "commit.pushed", Subject("sha", "bbbbbbb" + "0" * 33), branch="try-this")
    await happened(scene, "change.planned", Subject("change", "C-1"))
    scene.world.clock.move(5 * MINUTE)
    await went_live(scene, "v2.8.1")
    scene.world.clock.move(5 * MINUTE)
    await scene.fire(environment="production")
    await went_live(scene, "v2.9.0")

    assert await suspected(scene) == ["payments v2.8.1", "aaaaaaa"]
    told = scene.world.said["alert:A-1:suspects:1"].context["suspects"]
    assert (told[0].can_go_back, told[0].back_to) == (True, "v2.8.0")
    assert "Shortly before: payments v2.8.1 went live" in scene.texts("alert:A-1")


async def test_what_went_elsewhere_or_to_another_service_is_no_suspect() -> None:
    scene = Alerting()
    await went_live(scene, "v2.8.1", "staging")
    await scene.fire(environment="production")
    await went_live(scene, "v2.8.1")
    await scene.fire("Slow", service="web")

    assert await suspected(scene) == []
    assert await suspected(scene, "A-2") == []
    assert scene.keys("suspects") == []


async def test_each_time_that_it_fires_again_is_looked_at_anew() -> None:
    scene = Alerting()
    await scene.fire(environment="production")
    scene.world.clock.move(MINUTE)
    await scene.resolve(environment="production")
    scene.world.clock.move(MINUTE)
    await went_live(scene, "v2.8.1")
    scene.world.clock.move(MINUTE)
    await scene.fire(environment="production")

    assert await suspected(scene) == ["payments v2.8.1"]
    assert scene.keys("suspects") == ["alert:A-1:suspects:2"]


async def over(scene: Alerting, *versions: str) -> CauseQuestion:
    """An alert after these went live, that Mei was on until it resolved."""
    for version in versions:
        await went_live(scene, version)
        scene.world.clock.move(MINUTE)
    await scene.fire(environment="production")
    await scene.world.use(monitor, "ack", by=MEI, alert="A-1")
    scene.world.clock.move(MINUTE)
    await scene.resolve(environment="production")
    return await scene.world.get(CauseQuestion, "A-1/1")


async def say(scene: Alerting, answer: str, deployment: str, by: Person = MEI) -> None:
    await scene.world.use(
        monitor,
        "was-it",
        by=by,
        question="A-1/1",
        deployment=deployment,
        answer=answer,
    )


async def test_a_yes_is_recorded_and_counted() -> None:
    scene = Alerting()
    question = await over(scene, "v2.8.1", "v2.8.2")
    assert scene.world.said["cause:A-1/1"].to == MEI.id
    assert question.suspect.deployment == "D-2"
    await say(scene, "yes", "D-2")

    [entry] = [entry for entry in scene.world.entries if entry.kind == "deployment.confirmed_cause"]
    assert {Subject("deployment", "D-2"), Subject("alert", "A-1"), PAYMENTS} <= set(entry.subjects)
    async with scene.world.unit() as work:
        rate = await suspects.change_failure(work, 30)
        assert (rate.deployments, rate.causes, rate.share) == (2, 1, 0.5)
        assert (await suspects.change_failure(work, 30, "web")).share == 0
    with pytest.raises(Stale, match="answered that already"):
        await say(scene, "no", "D-2")


async def test_a_no_asks_about_the_one_before_and_then_about_none() -> None:
    scene = Alerting()
    await over(scene, "v2.8.1", "v2.8.2")
    await say(scene, "no", "D-2")
    assert "v2.8.1" in scene.texts("cause:A-1/1")
    await say(scene, "no", "D-1")

    assert (await scene.world.get(CauseQuestion, "A-1/1")).state == "no"
    assert "deployment.confirmed_cause" not in scene.world.kinds


async def test_who_does_not_know_is_asked_no_more_and_nothing_counts() -> None:
    scene = Alerting()
    await over(scene, "v2.8.1")
    with pytest.raises(Refusal, match="whoever was on the alert"):
        await say(scene, "yes", "D-1", by=TOM)
    await say(scene, "unknown", "D-1")

    async with scene.world.unit() as work:
        assert (await suspects.change_failure(work, 30)).causes == 0


async def test_nobody_is_asked_where_nobody_was_on_it_or_nothing_went_live() -> None:
    scene = Alerting()
    await went_live(scene, "v2.8.1")
    await scene.fire(environment="production")
    await scene.resolve(environment="production")
    await scene.fire("Slow", service="web")
    await scene.world.use(monitor, "ack", by=MEI, alert="A-2")
    await scene.world.use(monitor, "resolve", by=MEI, alert="A-2")

    assert await scene.world.find(CauseQuestion) == []


async def test_old_deployments_and_ways_back_do_not_count() -> None:
    scene = Alerting()
    await went_live(scene, "v1")
    scene.world.clock.move(timedelta(days=40))
    back = await went_live(scene, "v2")
    async with scene.world.unit() as work:
        read = await work.get(Deployment, back.id)
        assert read
        await work.save(replace(read, rolls_back="D-1"))
        assert (await suspects.change_failure(work, 30)).deployments == 0


async def test_a_flag_that_was_shown_to_more_people_can_be_turned_off() -> None:
    scene = Alerting()
    flag = (Subject("flag", "checkout_v2"), Subject("environment", "production"))
    await happened(scene, "flag.changed", *flag, **{"from": "10 %", "to": "50 %", "share": 50_000})
    await happened(
        scene, "flag.changed", Subject("flag", "old"), flag[1], **{"from": "on", "to": "off", "share": 0}
    )
    await scene.fire(environment="production")

    told = scene.world.said["alert:A-1:suspects:1"]
    assert [(one.what, one.did, one.flag) for one in told.context["suspects"]] == [
        ("flag old", "went from on to off", ""),
        ("flag checkout_v2", "went from 10 % to 50 %", "checkout_v2"),
    ]
    assert buttons(told) == [("release.flag", "checkout_v2 off in production")]
