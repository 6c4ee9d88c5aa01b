"""Anything that posts JSON: read as the team file says, and what it does not find is named by its expression."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.config.team_file import parse_team
from bot.core.events import AlertFired, AlertResolved
from bot.core.team import Team
from bot.stages.monitor.model.alert_group import Severity
from bot.vendors.generic.webhook import source
from bot.vendors.kit.webhooks import Delivery, MalformedPayload, Source, for_team
from tests.vendors import captured

SMALL = {"name": "what", "status": "state"}


def sources(**readings: Any) -> dict[str, Source]:
    team, mistakes = parse_team({"sources": {"generic": readings}}, "team.yml")
    assert team is not None, [str(mistake) for mistake in mistakes]
    return for_team({"generic": source}, team)


def parsed(reading: dict[str, Any], body: Any) -> list[Any]:
    delivery = Delivery("generic/mine", {}, json.dumps(body).encode(), captured.NOW)
    return sources(mine=reading)["generic/mine"].parse(delivery)


def mistakes_in(reading: Any, name: str = "mine") -> list[str]:
    return [str(one) for one in parse_team({"sources": {"generic": {name: reading}}}, "team.yml")[1]]


def test_the_demos_uptime_check_goes_down_and_up() -> None:
    [down], [up] = (
        captured.SOURCES["generic/uptime"].parse(captured.delivery("generic", name))
        for name in ("uptime_down", "uptime_up")
    )

    assert isinstance(down, AlertFired)
    assert isinstance(up, AlertResolved)
    assert down.source == "generic/uptime"
    assert down.fingerprint == up.fingerprint == "2041"
    assert down.starts_at == captured.NOW - timedelta(minutes=4)
    assert up.ends_at == captured.NOW
    assert down.labels["region"] == "eu-west, us-east"
    assert Severity.of(down.labels["severity"]) is Severity.CRITICAL


def test_several_readings_have_an_address_each() -> None:
    assert set(sources(one=SMALL, two=SMALL)) == {"generic/one", "generic/two"}
    assert for_team({"generic": source}, Team()) == {}


@pytest.mark.parametrize(
    ("state", "kind"),
    [("Down", AlertFired), ("OK", AlertResolved), ("Resolved", AlertResolved), (True, AlertFired), (3, AlertFired)],
)
def test_a_status_that_is_not_among_the_resolved_ones_fires(state: Any, kind: type) -> None:
    assert [type(event) for event in parsed(SMALL, {"what": "Disk", "state": state})] == [kind]


def test_the_resolved_words_are_the_teams_however_yaml_reads_them() -> None:
    reading = SMALL | {"resolved": [True, 0, "Fine"]}

    assert [
        type(parsed(reading, {"what": "x", "state": state})[0]) for state in (True, 0, "fine", "ok", False)
    ] == [
        AlertResolved,
        AlertResolved,
        AlertResolved,
        AlertFired,
        AlertFired,
    ]
    assert type(parsed(SMALL | {"resolved": "fine"}, {"what": "x", "state": "fine"})[0]) is AlertResolved


def test_an_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    reading = SMALL | {"labels": {"host": "host"}, "severity": "how"}
    events = [
        parsed(reading, {"what": "Disk", "state": "x", "host": host, "how": how})[0]
        for host, how in (("a", "warning"), ("b", "warning"), ("a", "critical"))
    ]

    assert events[0].fingerprint == events[2].fingerprint != events[1].fingerprint


def test_alerts_of_one_body_are_each_read_by_themselves() -> None:
    events = parsed(SMALL | {"alerts": "list[]"}, {"list": [{"what": str(n), "state": "x"} for n in range(5_000)]})

    assert [event.labels["alertname"] for event in events[:3]] == ["0", "1", "2"]
    assert len(events) == 5_000
    assert parsed(SMALL | {"alerts": "list[]"}, {"list": []}) == []


@pytest.mark.parametrize(
    ("reading", "body", "path", "says"),
    [
        (SMALL, {"state": "x"}, "sources.generic.mine.name", "what finds nothing in an object with state"),
        (SMALL, {"what": "x", "state": None}, "sources.generic.mine.status", "state finds nothing"),
        (SMALL, {"what": {"a": 1}, "state": "x"}, "sources.generic.mine.name", "what finds nothing"),
        (SMALL, 7, "sources.generic.mine.name", "what finds nothing in 7"),
        (SMALL | {"alerts": "list[]"}, {"other": 1}, "sources.generic.mine.alerts", r"list\[\] finds nothing"),
        (
            SMALL | {"labels": {"host": "length(host)"}},
            {"what": "x", "state": "x", "host": 7},
            "sources.generic.mine.labels.host",
            r"length\(host\) cannot be used",
        ),
        (SMALL | {"summary": "sum(@)"}, {"what": "x", "state": "x"}, "sources.generic.mine.summary", "sum"),
    ],
)
def test_what_is_not_found_is_named_by_its_expression(reading: Any, body: Any, path: str, says: str) -> None:
    with pytest.raises(MalformedPayload, match=says) as refused:
        parsed(reading, body)

    assert refused.value.path == path


def test_what_may_be_missing_is_missing() -> None:
    every = dict.fromkeys(("severity", "summary", "fingerprint", "group", "starts_at", "ends_at", "url"), "nothing")
    [event] = parsed(SMALL | every | {"labels": {"a": "nothing"}}, {"what": "Disk", "state": "x"})

    assert event.labels == {"alertname": "Disk"}
    assert (event.annotations, event.starts_at, event.url) == ({}, None, "")


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ({"status": "x"}, "team.yml: sources.generic.mine.name: is missing"),
        (SMALL | {"name": "a[?"}, "team.yml: sources.generic.mine.name: 'a[?' is no JMESPath expression"),
        (SMALL | {"labels": {"a": "]"}}, "team.yml: sources.generic.mine.labels.a: ']' is no JMESPath expression"),
        (SMALL | {"sumary": "x"}, "team.yml: sources.generic.mine.sumary: no such key; did you mean summary?"),
        (SMALL | {"resolved": [{}]}, "team.yml: sources.generic.mine.resolved[1]: input should be a valid string"),
    ],
)
def test_a_mistake_in_the_team_file_is_told_with_its_path(reading: Any, says: str) -> None:
    [mistake] = mistakes_in(reading)

    assert mistake.startswith(says)


def test_a_readings_name_is_fit_for_an_address() -> None:
    assert "a part of the webhook's address" in mistakes_in(SMALL, "My Monitor")[0]


@pytest.mark.parametrize("topic", ["alarms", "arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sns:eu-west-1:12:x"])
def test_a_topic_is_an_arn(topic: str) -> None:
    mistakes = parse_team({"sources": {"sns": {"topics": [topic]}}}, "team.yml")[1]

    assert [str(mistake).partition("is no topic")[0] for mistake in mistakes] == [
        f"team.yml: sources.sns.topics[1]: {topic!r} "
    ]
