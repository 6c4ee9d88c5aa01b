"""What CDEvents mean in our words: incidents, services, pipeline and test runs, changes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from bot.core.code_hosts import host_of
from bot.core.events import (
    CheckKind,
    DeploymentReported,
    Event,
    PipelineChanged,
    PullRequestChanged,
    PullRequestState,
    RunState,
)
from bot.stages.build.model.run import Purpose
from bot.vendors.cdevents import models
from bot.vendors.kit.alerts import Told, known
from bot.vendors.kit.webhooks import Delivery, read

_TYPE = re.compile(r"dev\.cdevents\.([a-z]+)\.([a-z]+)\.")
_INCIDENT_FIRES = {"detected": True, "reported": True, "resolved": False}
_SERVICE_RUNS = frozenset({"deployed", "upgraded", "rolledback"})
_OUTCOMES = {
    **dict.fromkeys(("success", "pass", "passed"), RunState.PASSED),
    **dict.fromkeys(("cancel", "canceled", "cancelled"), RunState.CANCELLED),
}  # else "failure", "fail" and "error"
_RUNS = {"queued": RunState.QUEUED, "started": RunState.RUNNING}
_LAST_NUMBER = re.compile(r"(\d{1,9})\D*$")


def events(body: Mapping[str, Any], delivery: Delivery, at: str) -> list[Event]:
    """What one CDEvent means; those that we do not use give nothing. ``at`` is where in the body it stands."""
    found = _TYPE.match(read(models.Head, body, at).context.type)
    reader = _READERS.get(found[1]) if found else None
    return [] if found is None or reader is None else reader(found[2], body, delivery, at)


def _incident(what: str, body: Mapping[str, Any], delivery: Delivery, at: str) -> list[Event]:
    firing = _INCIDENT_FIRES.get(what)
    if firing is None:
        return []
    event = read(models.IncidentEvent, body, at)
    content, when = event.subject.content, event.context.timestamp
    custom = event.customData if isinstance(event.customData, dict) else {}
    told = Told(
        firing=firing,
        labels=known(
            alertname=f"Incident {event.subject.id}",
            service=content.service.id if content.service else "",
            environment=content.environment.id if content.environment else "",
        ),
        annotations=_texts(custom) | known(summary=content.description, artifact=content.artifactId),
        fingerprint=f"{event.subject.source or event.context.source} {event.subject.id}",
        starts_at=when if firing else None,
        ends_at=None if firing else when,
        url=content.ticketURI,
    )
    return [told.event(delivery)]


def _service(what: str, body: Mapping[str, Any], delivery: Delivery, at: str) -> list[Event]:
    if what not in _SERVICE_RUNS:
        return []
    event = read(models.ServiceEvent, body, at)
    artifact = Artifact.of(event.subject.content.artifactId)
    name = event.subject.id.rstrip("/").rpartition("/")[2]
    facts = known(what=what, service=name, artifact=event.subject.content.artifactId, version=artifact.version)
    return [
        DeploymentReported(
            source=delivery.source,
            repository=artifact.repository,
            deployment=event.subject.id,
            environment=event.subject.content.environment.id,
            state=RunState.PASSED,
            sha=artifact.sha,
            ref=artifact.version,
            actor="",
            at=event.context.timestamp or delivery.received_at,
            facts=facts,
        )
    ]


def _pipeline_run(what: str, body: Mapping[str, Any], delivery: Delivery, at: str) -> list[Event]:
    event = read(models.PipelineRunEvent, body, at)
    content = event.subject.content
    name = content.pipelineName or "pipeline"
    return _run(event, what, delivery, name, content.outcome, content.errors, content.url or content.uri)


def _test_suite_run(what: str, body: Mapping[str, Any], delivery: Delivery, at: str) -> list[Event]:
    event = read(models.TestSuiteRunEvent, body, at)
    content = event.subject.content
    suite = content.testSuite or models.Thing()
    name = suite.name or suite.id
    # What a pipeline is for is told from its name.
    name = name if Purpose.of(name) is Purpose.TEST else f"{name} tests".strip()
    return _run(event, what, delivery, name, content.outcome, content.reason, "")


def _run(
    event: models.PipelineRunEvent | models.TestSuiteRunEvent,
    what: str,
    delivery: Delivery,
    name: str,
    outcome: str,
    why: str,
    url: str,
) -> list[Event]:
    if what != "finished" and what not in _RUNS:
        return []
    state = _RUNS.get(what) or _OUTCOMES.get(outcome.casefold(), RunState.FAILED)
    when = event.context.timestamp
    return [
        PipelineChanged(
            source=delivery.source,
            repository=_repository(event.subject.source or event.context.source),
            host=host_of(event.subject.source or event.context.source),
            run=event.subject.id,
            attempt=1,
            name=name,
            number=0,
            branch="",
            sha="",
            state=state,
            at=when or delivery.received_at,
            started_at=when if state is RunState.RUNNING else None,
            url=url,
            title=why.split("\n", 1)[0] if state is RunState.FAILED else "",
            kind=CheckKind.CDEVENTS,
        )
    ]


def _change(what: str, body: Mapping[str, Any], delivery: Delivery, at: str) -> list[Event]:
    event = read(models.ChangeEvent, body, at)
    number = _LAST_NUMBER.search(event.subject.id)
    if what != "merged" or number is None:  # a pull request of ours has a number
        return []
    return [
        PullRequestChanged(
            source=delivery.source,
            repository=event.subject.content.repository.id,
            host=host_of(event.subject.source or event.context.source),
            number=int(number[1]),
            state=PullRequestState.MERGED,
            title=event.subject.content.description.split("\n", 1)[0],
            body="",
            branch="",
            sha="",
            author="",
            actor="",
            at=event.context.timestamp or delivery.received_at,
        )
    ]


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a package URL tells: ``pkg:oci/web@sha256:…?tag=v1.4.0&vcs_url=git+https://…/harbor/web@<commit>``."""

    repository: str = ""
    version: str = ""
    sha: str = ""

    @classmethod
    def of(cls, purl: str) -> "Artifact":
        """As far as it tells. https://github.com/package-url/purl-spec"""
        if not purl.startswith("pkg:"):
            return cls()
        path, _, query = purl.removeprefix("pkg:").partition("#")[0].partition("?")
        given = {name: values[0] for name, values in parse_qs(query).items()}
        kind, _, rest = path.partition("/")
        name, _, version = (unquote(part) for part in rest.partition("@"))  # one in a name is percent-encoded
        code, _, sha = given.get("vcs_url", "").rpartition("@")
        repository = _repository(code.removeprefix("git+")) if code else (name if kind == "github" else "")
        if kind == "github" and re.fullmatch(r"[0-9a-f]{40}", version):
            return cls(repository, given.get("tag", ""), version)
        digest = version.startswith("sha256:")
        version = given.get("tag", "") if digest else version
        return cls(repository, version, sha if re.fullmatch(r"[0-9a-f]{40}", sha) else "")


def _repository(source: str) -> str:
    """``owner/name`` of a code host's address, on GitLab with its groups; else the source without its first slash."""
    try:
        parts = urlsplit(source)
    except ValueError:
        return source
    steps = [step for step in parts.path.split("/") if step]
    if parts.scheme not in ("http", "https") or len(steps) < 2:
        return source.strip("/")
    if parts.hostname == "github.com":
        steps = steps[:2]
    # GitLab writes /-/ between a project and what is in it.
    return "/".join(steps[: steps.index("-")] if "-" in steps else steps).removesuffix(".git")


def _texts(custom: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in custom.items() if isinstance(value, str | int | float)}


_Reader = Callable[[str, Mapping[str, Any], Delivery, str], list[Event]]
_READERS: dict[str, _Reader] = {
    "incident": _incident,
    "service": _service,
    "pipelinerun": _pipeline_run,
    "testsuiterun": _test_suite_run,
    "change": _change,
}
