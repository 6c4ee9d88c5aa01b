"""Incidents: from an alert or alone, led, noted, resolved; seen on the board, the Home tab and among loose ends."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.command import Door, MessageRef, Reply
from bot.core.incident_severity import IncidentSeverity
from bot.core.refusals import Refusal, Stale
from bot.core.stages import Stage
from bot.stages.flow import home, loose_ends
from bot.stages.flow.board import board
from bot.stages.monitor.model.escalation import Escalations
from bot.stages.monitor.model.incident import Incident, IncidentState
from bot.team.oncall.model.rotations import Rotations
from commands.monitor import command as monitor
from tests.fakes import ANA, GUS, MEI, TOM
from tests.stages.monitor.alerting import HOUR, MINUTE, ONCALL_TEAM, Alerting

CALM = replace(ONCALL_TEAM, alertmanager="").with_parts(Rotations({}), Escalations({}))


async def test_an_incident_of_an_alert_takes_service_and_severity_from_it() -> None:
    scene = Alerting(team=CALM)
    await scene.fire()
    scene.world.store.posted["C0ALERTS", "17.1"] = "alert:A-1"
    here = MessageRef("C0ALERTS", "17.5", thread_ts="17.1")
    await scene.world.use(monitor, "incident", by=MEI, door=Door.MENTION, on=here, title="Checkout fails")

    incident = await scene.world.get(Incident, "INC-1")
    assert (incident.service, incident.severity, incident.alerts) == (
        "payments",
        IncidentSeverity.CRITICAL,
        ("A-1",),
    )
    assert incident.lead == MEI.id
    assert "Checkout fails" in scene.texts("incident:INC-1")
    assert scene.keys("alert:A-1:incident") == ["alert:A-1:incident:INC-1"]
    with pytest.raises(Refusal, match="A-1 belongs to INC-1"):
        await scene.world.use(monitor, "incident-from", by=TOM, alert="A-1")


async def test_it_is_seen_where_people_look() -> None:
    scene = Alerting(team=CALM)
    await scene.world.use(monitor, "incident", by=MEI, title="Mails are late", service="web", severity="minor")

    async with scene.world.unit() as work:
        [item] = next(column for column in (await board(work)).columns if column.stage is Stage.MONITOR).items
        assert (item.id, item.note) == ("INC-1", "incident, minor")
        assert [(end.kind, end.owner_id) for end in await loose_ends.loose_ends(work)] == [("incident", MEI.id)]
        assert [end.id for end in (await home.view(work, MEI)).loose_ends] == ["INC-1"]


async def test_its_timeline_is_what_happened_and_what_people_noted() -> None:
    scene = Alerting(team=CALM)
    await scene.fire()
    scene.world.clock.move(MINUTE)
    await scene.world.use(monitor, "incident-from", by=MEI, alert="A-1")
    scene.world.clock.move(MINUTE)
    await scene.world.use(monitor, "log", by=TOM, incident="INC-1", words="Switched to the second provider.")
    scene.world.clock.move(MINUTE)
    await scene.world.use(monitor, "note", by=TOM, alert="A-1", words="The pool is empty.")
    scene.world.clock.move(MINUTE)
    await scene.world.use(monitor, "lead", by=ANA, incident="INC-1", person=TOM.id)
    scene.world.clock.move(MINUTE)
    await scene.world.use(monitor, "resolve-incident", by=TOM, incident="INC-1", outcome="The old version is live.")

    answer = await scene.world.use(monitor, "timeline", by=ANA, incident="INC-1")
    assert isinstance(answer, Reply)
    told = [(one.what, one.text) for one in answer.context["moments"]]
    assert told == [
        ("A-1 fired", ""),
        ("INC-1 opened", ""),
        ("noted", "Switched to the second provider."),
        ("noted", "The pool is empty."),
        ("INC-1 led", ""),
        ("INC-1 resolved", ""),
    ]
    incident = await scene.world.get(Incident, "INC-1")
    assert (incident.state, incident.lead, incident.resolved_by) == (IncidentState.RESOLVED, TOM.id, TOM.id)


async def test_more_alerts_join_it() -> None:
    scene = Alerting(team=CALM)
    await scene.world.use(monitor, "incident", by=MEI, title="Checkout fails")
    await scene.fire()
    await scene.world.use(monitor, "join", by=MEI, incident="INC-1", alert="A-1")

    assert (await scene.world.get(Incident, "INC-1")).alerts == ("A-1",)


async def test_the_worst_is_listed_first() -> None:
    scene = Alerting(team=CALM)
    for severity in ("minor", "critical", "major"):
        await scene.world.use(monitor, "incident", by=MEI, title=f"A {severity} one", severity=severity)
    answer = await scene.world.use(monitor, "incidents")

    assert [one.id for one in answer.context["incidents"]] == ["INC-2", "INC-3", "INC-1"]  # pyright: ignore


async def test_what_is_over_is_not_changed() -> None:
    scene = Alerting(team=CALM)
    await scene.world.use(monitor, "incident", by=MEI, title="Checkout fails")
    await scene.world.use(monitor, "resolve-incident", by=MEI, incident="INC-1")
    scene.world.clock.move(HOUR)
    cases: tuple[tuple[str, dict[str, Any]], ...] = (("resolve-incident", {}), ("lead", {"person": TOM.id}))
    for verb, args in cases:
        with pytest.raises(Stale, match="resolved 1 h ago"):
            await scene.world.use(monitor, verb, by=TOM, incident="INC-1", **args)


@pytest.mark.parametrize(
    ("verb", "args", "says"),
    [
        ("incident", {"title": " "}, "title is empty"),
        ("incident", {"title": "x" * 200}, "200 characters"),
        ("incident", {"title": "x", "alert": "A-7"}, "no alert “A-7”"),
        ("lead", {"incident": "INC-1", "person": GUS.id}, "no full member"),
        ("lead", {"incident": "INC-9"}, "no incident “INC-9”"),
        ("lead", {"incident": "INC-1"}, "leads INC-1 already"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(verb: str, args: dict[str, Any], says: str) -> None:
    scene = Alerting(team=CALM)
    await scene.world.use(monitor, "incident", by=MEI, title="Checkout fails")
    with pytest.raises(Refusal, match=says):
        await scene.world.use(monitor, verb, by=MEI, **args)
