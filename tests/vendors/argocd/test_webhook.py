"""What Argo CD tells of an application becomes a deployment of the service that it is."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.config.team_file import parse_team
from bot.core.events import RunState
from bot.core.team import Team
from bot.vendors.argocd.webhook import BODY, TEMPLATE, source
from bot.vendors.kit.webhooks import Source, for_team
from tests.vendors import captured

SHA = "9f3c2a1b7d5e4c60812f3a94b6d7e8f901a2b3c4"
FILE = {
    "services": {"web": {"repository": "harbor/web"}},
    "environments": {"staging": {}, "production": {}},
    "sources": {"argocd": {"apps": {"storefront": {"service": "web", "environment": "production"}}}},
}


def told(of: Source = source, **changes: Any) -> Any:
    received = captured.delivery("argocd", "deployed")
    body = json.loads(received.body) | changes
    [event] = of.parse(replace(received, body=json.dumps(body).encode()))
    return event


def of_team(file: dict[str, Any]) -> Source:
    team, mistakes = parse_team(file, "team.yml")
    assert team is not None, [str(mistake) for mistake in mistakes]
    return for_team({"argocd": source}, team)["argocd"]


def test_a_synced_and_healthy_app_is_live_and_a_degraded_one_has_failed() -> None:
    live, degraded = told(), source.parse(captured.delivery("argocd", "degraded"))[0]

    assert (live.state, live.deployment, live.environment) == (
        RunState.PASSED,
        f"web-production@{SHA}",
        "production",
    )
    assert (live.repository, live.sha, live.ref) == ("harbor/web", SHA, "v1.4.0")
    assert live.facts == {"app": "web-production", "service": "web", "version": "v1.4.0"}
    assert live.url == "https://argocd.harbor.example/applications/web-production"
    assert degraded == replace(
        live, state=RunState.FAILED, facts=live.facts | {"note": "It is synced, and degraded."}
    )


@pytest.mark.parametrize(
    ("phase", "health", "state"),
    [
        ("Running", "Healthy", RunState.RUNNING),
        ("Terminating", "Healthy", RunState.RUNNING),
        ("Succeeded", "Progressing", RunState.RUNNING),
        ("Succeeded", "Suspended", RunState.RUNNING),
        ("Succeeded", "Missing", RunState.RUNNING),
        ("Succeeded", None, RunState.RUNNING),
        ("Succeeded", "Healthy", RunState.PASSED),
        ("Succeeded", "Degraded", RunState.FAILED),
        ("Failed", "Healthy", RunState.FAILED),
        ("Error", "Healthy", RunState.FAILED),
        ("A word of tomorrow", "Healthy", RunState.QUEUED),
    ],
)
def test_live_is_only_what_is_synced_and_healthy(phase: str, health: str | None, state: RunState) -> None:
    assert told(phase=phase, health=health).state is state


def test_a_failed_sync_says_why() -> None:
    failed = told(phase="Failed", message="one or more objects failed to apply\nreason: quota")

    assert failed.facts["note"] == "one or more objects failed to apply"


def test_a_sync_has_its_own_instants_and_health_is_of_now() -> None:
    assert told(at="2026-11-24T11:59:30Z").at == captured.NOW - timedelta(seconds=30)
    assert told(phase="Failed").at == captured.NOW - timedelta(minutes=1)
    assert told(phase="Running", finished_at=None).at == captured.NOW - timedelta(minutes=2)
    for absurd in (None, "soon", "0001-01-01T00:00:00Z", "2126-01-01T00:00:00Z", [], {}):
        assert told(at=absurd).at == captured.NOW
        assert told(phase="Failed", at=None, started_at=None, finished_at=absurd).at == captured.NOW


@pytest.mark.parametrize(
    ("app", "service", "environment"),
    [("web-production", "web", "production"), ("web-api-staging", "web-api", "staging"), ("web", "web", "")],
)
def test_an_apps_name_says_what_it_is(app: str, service: str, environment: str) -> None:
    report = told(app=app)

    assert (report.facts["service"], report.environment) == (service, environment)


def test_the_team_file_says_what_an_app_is_whose_name_does_not() -> None:
    ours = of_team(FILE)

    assert told(app="storefront").environment == ""
    assert (told(ours, app="storefront").facts["service"], told(ours, app="storefront").environment) == (
        "web",
        "production",
    )
    assert told(ours, app="web-staging").environment == "staging"


def test_a_team_that_says_nothing_has_it_as_it_is() -> None:
    assert for_team({"argocd": source}, Team()) == {"argocd": source}
    assert for_team({"argocd": source}, Team())["argocd"] is source


def test_an_app_of_a_service_or_environment_that_is_not_there_is_a_mistake() -> None:
    apps = {"storefront": {"service": "wep", "environment": "prod"}}
    mistakes = parse_team(FILE | {"sources": {"argocd": {"apps": apps}}}, "team.yml")[1]

    assert [str(mistake) for mistake in mistakes] == [
        "team.yml: sources.argocd.apps.storefront.service: no service wep; did you mean web?",
        "team.yml: sources.argocd.apps.storefront.environment: no environment prod; did you mean production?",
    ]


@pytest.mark.parametrize(
    ("images", "version"),
    [
        (["registry.harbor.example:5000/harbor/web:v1.4.0"], "v1.4.0"),
        (["envoy:v1", "harbor/web:v1.4.0@sha256:ab"], "v1.4.0"),
        (["harbor/storefront:v1.4.0"], "v1.4.0"),
        (["harbor/web@sha256:ab"], ""),
        (["registry:5000/harbor/web"], ""),
        (["envoy:v1", "redis:8"], ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_version_is_the_tag_of_the_services_image(images: Any, version: str) -> None:
    report = told(images=images)

    assert report.facts.get("version", "") == version
    assert report.ref == (version or "main")


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("https://github.com/harbor/web.git", "harbor/web"),
        ("https://gitlab.example.com/harbor/shop/web", "harbor/shop/web"),
        ("git@github.com:harbor/web.git", "harbor/web"),
        ("ssh://git@git.example.com:2222/harbor/web.git", "harbor/web"),
        ("https://[", ""),
        (None, ""),
    ],
)
def test_the_repository_is_found_in_each_address_of_it(address: str | None, repository: str) -> None:
    assert told(repository=address).repository == repository


def test_a_revision_that_is_no_commit_is_no_commit() -> None:
    assert (told(revision="1.2.3").sha, told(revision="1.2.3").deployment) == ("", "web-production@1.2.3")
    several = told(revision=None, revisions=["a" * 40, "1.2.3"])
    assert (several.sha, several.deployment) == ("", f"web-production@{'a' * 40}+1.2.3")
    assert told(revision=None, revisions=None).sha == SHA  # of the operation that was asked for
    assert told(revision=None, revisions=None, wanted=None).deployment == "web-production"


def test_its_deliveries_are_filled_in_from_the_template_that_its_page_shows() -> None:
    for folder, name in captured.names():
        if folder == "argocd":
            assert json.loads(captured.delivery(folder, name).body).keys() == TEMPLATE.keys()
    assert BODY in source.how_to
    # Read as JSON once something stands where Argo CD puts it.
    filled = BODY
    for value in TEMPLATE.values():
        filled = filled.replace("{{toJson " + value + "}}", "null")
    assert json.loads(filled) == dict.fromkeys(TEMPLATE)
