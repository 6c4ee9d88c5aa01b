"""The whole team file, of the parts that the modules beside this one describe."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from bot.config.audit_parts import AuditPart
from bot.config.retention_parts import RetentionPart
from bot.sections.parts import Address, Channel, PersonPart, RulePart, Several
from bot.stages.deploy.team_file import ServicePart
from bot.stages.flags.team_file import SegmentPart
from bot.stages.monitor.escalation_file import EscalationPart
from bot.stages.monitor.team_file import AlertsPart
from bot.stages.plan.team_file import TicketsPart
from bot.stages.release.team_file import AudiencePart, ReleasesPart
from bot.stages.standup.team_file import StandupPart
from bot.team.environments.team_file import EnvironmentPart
from bot.team.oncall.team_file import RotationPart
from bot.vendors.kit.team_file import SourcesPart


def _no_value_is_empty(value: Any) -> Any:
    """``staging:`` with nothing after it is an environment with nothing special about it."""
    if isinstance(value, dict):
        return {name: {} if part is None else part for name, part in value.items()}
    return value


class TeamFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str = "the team"
    channels: dict[str, Channel] = {}
    people: dict[str, PersonPart] = {}
    services: Annotated[dict[str, ServicePart], BeforeValidator(_no_value_is_empty)] = {}
    environments: Annotated[dict[str, EnvironmentPart], BeforeValidator(_no_value_is_empty)] = {}
    roles: dict[str, Several] = {}
    policy: list[RulePart] = []
    standups: dict[str, StandupPart] = {}
    releases: ReleasesPart = ReleasesPart()
    audiences: dict[str, AudiencePart] = {}
    sources: SourcesPart = SourcesPart()
    alerts: AlertsPart = AlertsPart()
    rotations: dict[str, RotationPart] = {}
    escalations: dict[str, EscalationPart] = {}
    segments: dict[str, SegmentPart] = {}
    tickets: TicketsPart = TicketsPart()
    retention: RetentionPart = RetentionPart()
    cdevents: Address | None = None
    audit: AuditPart = AuditPart()
