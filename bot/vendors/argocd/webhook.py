"""Argo CD Notifications: a body of our choice, filled in by its templates.

https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from bot.core.code_hosts import host_of
from bot.core.events import DeploymentReported, Event, RunState
from bot.core.team import Team
from bot.core.text_limits import TEXT_MAX, first_line
from bot.vendors.kit.alerts import Instant, Words, known
from bot.vendors.kit.team_settings import ArgoApp, SourceSettings
from bot.vendors.kit.times import happened
from bot.vendors.kit.webhooks import Delivery, Model, Source, bearer_or_basic, by_body, read

# What is to be pasted as the template's body: left our name of a field, right what Argo CD puts there. Its ``toJson``
# quotes what is there and writes null for what is not.
TEMPLATE = {
    "app": ".app.metadata.name",
    "project": ".app.spec.project",
    "repository": ".app.spec.source.repoURL",
    "target": ".app.spec.source.targetRevision",
    "revision": ".app.status.operationState.syncResult.revision",
    "revisions": ".app.status.operationState.syncResult.revisions",
    "wanted": ".app.status.operationState.operation.sync.revision",
    "phase": ".app.status.operationState.phase",
    "message": ".app.status.operationState.message",
    "health": ".app.status.health.status",
    "sync": ".app.status.sync.status",
    "started_at": ".app.status.operationState.startedAt",
    "finished_at": ".app.status.operationState.finishedAt",
    "by": ".app.status.operationState.operation.initiatedBy.username",
    "images": ".app.status.summary.images",
    "argocd": ".context.argocdUrl",
    # Without it, the second time that an app degrades would look like the first one sent again.
    "at": "(call .time.Now)",
}
BODY = "{" + ", ".join(f'"{name}": {{{{toJson {value}}}}}' for name, value in TEMPLATE.items()) + "}"

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PHASES = {"Running": RunState.RUNNING, "Terminating": RunState.RUNNING, "Failed": RunState.FAILED}
_PHASES["Error"] = RunState.FAILED
# Of what was synced; anything else ("Progressing", "Suspended", "Missing", "Unknown") is on its way still.
_HEALTHS = {"Healthy": RunState.PASSED, "Degraded": RunState.FAILED}


def _listed(value: object) -> object:
    return [] if value is None else value


Listed = Annotated[list[str], BeforeValidator(_listed)]


class _App(Model):
    app: str = Field(min_length=1)
    project: Words = ""
    repository: Words = ""
    target: Words = ""
    revision: Words = ""
    revisions: Listed = Field(default_factory=list[str])
    wanted: Words = ""
    phase: str
    message: Words = ""
    health: Words = ""
    sync: Words = ""
    started_at: Instant = None
    finished_at: Instant = None
    by: Words = ""
    images: Listed = Field(default_factory=list[str])
    argocd: Words = ""
    at: Instant = None


def parse(delivery: Delivery) -> list[Event]:
    """What the app that is told of is, is taken from its name."""
    return parse_for({}, delivery)


def parse_for(apps: Mapping[str, ArgoApp], delivery: Delivery) -> list[Event]:
    """The one deployment of the body, of the service and to the environment that the app is."""
    told = read(_App, delivery.body)
    is_ours = apps.get(told.app) or _by_name(told.app)
    # An app of several sources has a revision for each of them.
    revision = told.revision or "+".join(told.revisions) or told.wanted
    state = _HEALTHS.get(told.health, RunState.RUNNING) if told.phase == "Succeeded" else _PHASES.get(told.phase)
    version = _version(told.images, is_ours.service)
    return [
        DeploymentReported(
            source=delivery.source,
            repository=_path(told.repository),
            host=host_of(told.repository),
            deployment=f"{told.app}@{revision}" if revision else told.app,
            environment=is_ours.environment,
            state=state or RunState.QUEUED,
            sha=revision if _SHA.fullmatch(revision) else "",
            ref=version or told.target,
            actor=told.by,
            at=happened(_at(told), delivery),
            url=f"{told.argocd.rstrip('/')}/applications/{told.app}" if told.argocd else "",
            facts=known(app=told.app, service=is_ours.service, version=version, note=_note(told)),
        )
    ]


def _by_name(app: str) -> ArgoApp:
    """``web-production`` is web in production; a name of one word says nothing of where."""
    service, dash, environment = app.rpartition("-")
    return ArgoApp(service, environment) if dash else ArgoApp(app, "")


def _version(images: list[str], service: str) -> str:
    """The tag of the service's image, or of the only one: ``registry:5000/harbor/web:v1.4.0@sha256:…``."""
    tags: dict[str, str] = {}
    for image in images:
        name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
        tags[name] = tag
    return tags.get(service, "") if len(tags) != 1 else next(iter(tags.values()))


def _path(url: str) -> str:
    """``harbor/web`` of the addresses that git knows: https://…, ssh://…, git@host:harbor/web.git."""
    try:
        path = urlsplit(url).path if "://" in url else url.partition(":")[2]
    except ValueError:
        return ""
    return path.strip("/").removesuffix(".git")


def _at(told: _App) -> datetime | None:
    """A sync begins and ends at its instants; how healthy it is, is said as it is now."""
    if told.phase == "Succeeded":
        return told.at
    return told.finished_at or told.started_at or told.at


def _note(told: _App) -> str:
    if told.phase == "Succeeded":
        return (
            ""
            if told.health == "Healthy"
            else f"It is synced, and {told.health.casefold() or 'of unknown health'}."
        )
    return first_line(told.message, TEXT_MAX)


def _of_team(team: Team) -> Mapping[str, Source]:
    apps = team.part(SourceSettings).apps
    return {source.name: replace(source, parse=partial(parse_for, apps)) if apps else source}


source = Source(
    name="argocd",
    title="Argo CD",
    how_to="In `argocd-notifications-cm`, make a `service.webhook.eightbells` with the address as `url` and the header "
    "`Authorization: Bearer <secret>`, and a template whose `webhook.eightbells` has the method POST and the body "
    f"`{BODY}`; send it by the triggers on-sync-running, on-deployed, on-sync-failed and on-health-degraded. Apps that "
    "are not called `<service>-<environment>` are named under `sources.argocd.apps` in the team file.",
    verify=bearer_or_basic(),
    identify=by_body,
    parse=parse,
    of_team=_of_team,
    body_max=1 * 1024 * 1024,  # one application's template
)
