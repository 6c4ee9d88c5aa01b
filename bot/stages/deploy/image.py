"""Which image a version is, by its digest: a tag can be pushed anew, and what was approved is what is deployed."""

from bot.core.deploy_targets import filled
from bot.core.ports import Tools
from bot.core.refusals import Refusal
from bot.core.team import Service, Team
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.deploy.model.registry_port import Artifacts, ArtifactUnknown


async def asked_for(tools: Tools, service: Service, version: str, environment: str, sha: str | None) -> str:
    """The digest of the image now; "" where the team file names none. Raises ``Refusal`` where there is none yet."""
    try:
        return await _digest(tools, _named(service, version, environment, sha))
    except ArtifactUnknown as unknown:
        raise Refusal(
            f"There is no image {unknown.name} yet. Ask again once its build is over; if it has another name, an admin "
            f"corrects “artifact” of {service.name} in the team file.",
            field="version",
        ) from unknown
    except HostUnreachable as reason:
        raise Refusal(
            f"I cannot see which image {service.name} {version} is: {reason}. Nothing was asked for. Try again in a "
            "minute."
        ) from reason


async def seen_again(tools: Tools, service: Service, asked: Deployment, sha: str | None) -> str:
    """The digest now of what was asked for. Raises ``ArtifactUnknown``, ``HostUnreachable``."""
    return await _digest(tools, _named(service, asked.version, asked.environment, sha))


def pinned(team: Team, deployment: Deployment) -> str:
    """The image by its digest, as a target gets it: ``registry.example.com/web@sha256:…``.

    By its tag where no digest was kept (the team file named no image yet, or no registry is asked), "" without one.
    """
    service = team.services.get(deployment.service)
    if service is None or not service.artifact:
        return ""
    name = _named(service, deployment.version, deployment.environment, deployment.sha)
    return f"{name.rpartition(':')[0]}@{deployment.artifact}" if deployment.artifact else name


def _named(service: Service, version: str, environment: str, sha: str | None) -> str:
    given = {"service": service.name, "version": version, "environment": environment, "sha": sha or ""}
    return filled(service.artifact, given) if service.artifact else ""


async def _digest(tools: Tools, name: str) -> str:
    artifacts = tools.port_if_any(Artifacts)
    return await artifacts.digest(name) if name and artifacts else ""
