"""The whole team file, of the parts that the modules beside this one describe."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from bot.config.alert_parts import AlertsPart
from bot.config.audit_parts import AuditPart
from bot.config.environment_parts import EnvironmentPart
from bot.config.oncall_parts import EscalationPart, RotationPart
from bot.config.parts import Address, Channel, PersonPart, RulePart, Several
from bot.config.release_parts import AudiencePart, ReleasesPart
from bot.config.retention_parts import RetentionPart
from bot.config.segment_parts import SegmentPart
from bot.config.service_parts import ServicePart
from bot.config.source_parts import SourcesPart
from bot.config.standup_parts import StandupPart
from bot.config.ticket_parts import TicketsPart


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
