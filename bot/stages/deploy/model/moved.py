"""A deployment whose branch or tag has moved, or whose image was pushed anew: nobody has decided about that one yet."""

from dataclasses import replace
from datetime import datetime

from bot.core.team import Environment
from bot.stages.deploy.model.changes_shipped import Ships
from bot.stages.deploy.model.deployment import Deployment, State


def rebound(
    deployment: Deployment, sha: str | None, ships: Ships | None, at: datetime, artifact: str = ""
) -> Deployment:
    """About another commit or image, without the votes on the old one. Raises ``Stale`` where it is decided."""
    deployment.must_be(State.WAITING, at=at)
    return _about(deployment, sha, ships, artifact)


def sent_back(
    deployment: Deployment,
    sha: str | None,
    ships: Ships | None,
    environment: Environment,
    at: datetime,
    artifact: str = "",
) -> Deployment:
    """The same for one whose turn has come: back to those who approve, who have as long as for a new request."""
    deployment.must_be(State.QUEUED, at=at)
    about = _about(deployment, sha, ships, artifact)
    return replace(
        about,
        approval=replace(about.approval, expires_at=at + environment.expires_after),
        state=State.WAITING,
        queued_at=None,
        told_next=False,
        note="",
        sent_back=deployment.sent_back + 1,
    )


def _about(deployment: Deployment, sha: str | None, ships: Ships | None, artifact: str) -> Deployment:
    return replace(
        deployment,
        sha=sha,
        ships=ships or Ships(),
        approval=deployment.approval.without_votes(),
        moved_from=deployment.sha or "" if sha != deployment.sha else "",
        artifact=artifact,
        artifact_was=deployment.artifact if artifact != deployment.artifact else "",
        fell_away=len(deployment.approval.approvals),
    )
