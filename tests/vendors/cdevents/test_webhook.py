"""CDEvents: one event in every mode of CloudEvents is the same, and means what ours mean."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.events import (
    AlertFired,
    AlertResolved,
    DeploymentReported,
    PipelineChanged,
    PullRequestChanged,
    RunState,
)
from bot.core.team import Repository, Service, Team
from bot.stages.build.runs import pipeline_changed
from bot.stages.code.pull_requests import pull_request_changed
from bot.stages.deploy.reported_by_others import deployment_reported
from bot.vendors.cdevents.meaning import Artifact
from bot.vendors.kit.webhooks import Delivery, MalformedPayload
from tests.fakes import World
from tests.vendors import captured

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "cdevents"
CDEVENTS = captured.SOURCES["cdevents"]
DATA = json.loads(captured.delivery("cdevents", "incident_detected").body)["data"]
ATTRIBUTES = {"specversion": "1.0", "id": "1", "source": "/monitoring", "type": DATA["context"]["type"]}


def parsed(body: Any, **headers: str) -> list[Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CDEVENTS.parse(Delivery("cdevents", headers, raw, captured.NOW))


def told(name: str) -> list[Any]:
    return CDEVENTS.parse(captured.delivery("cdevents", name))


def test_in_every_mode_an_event_is_the_same() -> None:
    structured = parsed(ATTRIBUTES | {"data": DATA})
    encoded = base64.b64encode(json.dumps(DATA).encode()).decode()
    binary = {f"ce-{name}": value for name, value in ATTRIBUTES.items()} | {"content-type": "application/json"}

    assert parsed(DATA) == structured
    assert parsed(ATTRIBUTES | {"data_base64": encoded}) == structured
    assert parsed([ATTRIBUTES | {"data": DATA}] * 2) == structured * 2
    assert parsed(DATA, **binary) == structured
    assert parsed(DATA, **binary, **{"ce-time": "when it suits"}) == structured
    assert parsed([]) == []


def test_an_incident_is_an_alert_until_it_is_resolved() -> None:
    [fired], [resolved] = told("incident_detected"), told("incident_resolved")

    assert isinstance(fired, AlertFired)
    assert isinstance(resolved, AlertResolved)
    assert fired.fingerprint == resolved.fingerprint
    assert fired.labels == {"alertname": "Incident incident-123", "service": "web", "environment": "production"}
    assert fired.annotations["summary"] == "Response time above threshold of 100ms"
    assert fired.annotations["value"] == "200ms"


def test_runs_of_a_batch_end_as_their_outcome_says() -> None:
    build, tests = told("runs_batched")

    assert isinstance(build, PipelineChanged)
    assert isinstance(tests, PipelineChanged)
    assert (build.repository, build.name, build.state) == ("harbor/web", "build", RunState.FAILED)
    assert (tests.repository, tests.name, tests.state) == (
        "harbor/payments",
        "Settlement TestSuite tests",
        RunState.PASSED,
    )
    assert build.title == "Something went wrong"


@pytest.mark.parametrize(
    ("kind", "outcome", "state"),
    [
        ("queued", "", RunState.QUEUED),
        ("started", "", RunState.RUNNING),
        ("finished", "success", RunState.PASSED),
        ("finished", "cancel", RunState.CANCELLED),
        ("finished", "error", RunState.FAILED),
        ("finished", "", RunState.FAILED),
    ],
)
def test_a_pipeline_run_is_where_its_predicate_says(kind: str, outcome: str, state: RunState) -> None:
    context = DATA["context"] | {"type": f"dev.cdevents.pipelinerun.{kind}.0.3.0"}
    [event] = parsed({"context": context, "subject": {"id": "1", "content": {"outcome": outcome}}})

    assert event.state is state


def test_a_deployment_says_what_runs_where() -> None:
    [event] = told("service_deployed")

    assert isinstance(event, DeploymentReported)
    assert (event.repository, event.environment, event.ref) == ("harbor/web", "production", "v1.4.0")
    assert event.sha == "9f3c2a17d4e5b6a8c9d0e1f2a3b4c5d6e7f80912"
    assert event.facts["service"] == "web"
    assert told("service_rolledback")[0].facts["what"] == "rolledback"


def test_a_merged_change_is_a_merged_pull_request() -> None:
    [event] = told("change_merged")

    assert isinstance(event, PullRequestChanged)
    assert (event.repository, event.number, event.state) == ("harbor/web", 812, "merged")


@pytest.mark.parametrize(
    ("purl", "artifact"),
    [
        ("pkg:github/harbor/web@v1.4.0", Artifact("harbor/web", "v1.4.0")),
        ("pkg:github/harbor/web@" + "a" * 40, Artifact("harbor/web", "", "a" * 40)),
        ("pkg:npm/%40harbor/web@1.4.0", Artifact("", "1.4.0")),
        ("pkg:oci/web@sha256%3Aabc", Artifact()),
        ("pkg:pypi/web@1.4.0?vcs_url=git%2Bhttps://x.example/harbor/web", Artifact("", "1.4.0")),
        ("registry.example/web:1.4.0", Artifact()),
        ("pkg:", Artifact()),
        ("", Artifact()),
    ],
)
def test_an_artifact_tells_what_its_package_url_tells(purl: str, artifact: Artifact) -> None:
    assert Artifact.of(purl) == artifact


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([ATTRIBUTES | {"data": DATA}, ATTRIBUTES | {"data": DATA | {"subject": {}}}], "1.data.subject.id"),
        ([ATTRIBUTES | {"data": DATA}, 7], "1"),
        (ATTRIBUTES | {"data": "text"}, "data"),
        (ATTRIBUTES | {"data_base64": "AAAA"}, "data"),
        (ATTRIBUTES | {"type": "", "data": DATA}, "type"),
        (ATTRIBUTES | {"specversion": "7", "data": DATA}, "specversion"),
        (DATA | {"context": {}}, "context.type"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(body: Any, path: str) -> None:
    with pytest.raises(MalformedPayload) as refused:
        parsed(body)

    assert refused.value.path == path


def test_other_events_are_nothing_to_us() -> None:
    for kind in ("approval.created", "incident.reopened", "service.removed", "change.created", "taskrun.finished"):
        context = DATA["context"] | {"type": f"dev.cdevents.{kind}.0.3.0"}
        content = {"repository": {"id": "harbor/web"}, "environment": {"id": "x"}}
        assert parsed({"context": context, "subject": {"id": "1", "content": content}}) == []
    assert parsed(DATA | {"context": {"type": "com.example.someevent"}}) == []


def test_a_binary_event_is_named_by_its_id() -> None:
    assert CDEVENTS.identify({"ce-id": "e-1"}, b"{}") == "e-1"


async def test_what_is_about_no_commit_is_not_about_the_same_one() -> None:
    team = Team(services={name: Service(name, Repository(github=f"harbor/{name}")) for name in ("web", "payments")})
    world = World(team=team)
    for event in told("runs_batched"):
        await world.happen(event, pipeline_changed)
    await world.happen(told("change_merged")[0], pull_request_changed)
    await world.happen(replace(told("service_deployed")[0], repository="", sha=""), deployment_reported)

    assert len(world.entries) == 4
    assert [entry.kind for entry in world.entries if any(s.kind == "sha" for s in entry.subjects)] == []
    deployed = next(entry for entry in world.entries if entry.kind == "deployment_elsewhere.passed")
    assert {str(subject) for subject in deployed.subjects} >= {"service:web", "version:web@v1.4.0"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not at hand")
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("incident_detected", [AlertFired]),
        ("incident_resolved", [AlertResolved]),
        ("service_deployed", [DeploymentReported]),
        ("service_rolledback", [DeploymentReported]),
        ("pipelinerun_finished", [PipelineChanged]),
        ("testsuiterun_finished", [PipelineChanged]),
        ("change_merged", [PullRequestChanged]),
        ("build_finished", []),
        ("approval_created", []),
    ],
)
def test_a_recorded_payload_is_understood(name: str, kinds: list[type]) -> None:
    assert [type(event) for event in parsed((RECORDED / f"{name}.json").read_bytes())] == kinds
