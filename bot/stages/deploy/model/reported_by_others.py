"""Deployments that nobody asked us for: what a source says went live, or failed, somewhere."""

from bot.core.approvals import Approval
from bot.core.events import DeploymentReported, RunState
from bot.core.versions import is_nameable, plain
from bot.stages.deploy.model.changes_shipped import Version
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Report
from bot.stages.deploy.model.run_elsewhere import Carried

LOG_LINES = 20
# How people call the sources that tell of deployments.
CALLED = {"github": "GitHub", "gitlab": "GitLab", "argocd": "Argo CD", "cdevents": "CDEvents"}


def report_of(event: DeploymentReported) -> Report:
    """What it says of a run that we know."""
    facts = event.facts
    lines = tuple(facts.get("log", "").splitlines()[-LOG_LINES:])
    return Report(event.state, bool(facts.get("timed_out")), facts.get("note", ""), lines, event.url)


def reported(
    event: DeploymentReported, service: str, environment: str, before: Version | None, by: str, reference: str
) -> Deployment | None:
    """The deployment that it tells of, ended as it says; None where it has not ended, or names no version.

    ``by`` is the user id of whoever did it, where that is known.
    """
    states = {RunState.PASSED: State.SUCCEEDED, RunState.FAILED: State.FAILED}
    version = plain(next((name for name in (event.facts.get("version"), event.ref, event.sha[:7]) if name), ""))
    if event.state not in states or not is_nameable(version):
        return None
    return Deployment(
        service=service,
        version=version,
        environment=environment,
        asked_by=by,
        asked_name=event.actor or event.source,
        asked_at=event.at,
        approval=Approval(by, 0, event.at),
        state=states[event.state],
        sha=event.sha or None,
        before=before,
        ended_at=event.at,
        reported_by=event.source,
        reference=reference,
        note=event.facts.get("note", ""),
        carried=Carried(CALLED.get(event.source, event.source), event.url, is_taken=True, is_queued=False)
        if event.url
        else None,
    )
