"""Severity of an incident: how bad it is for those whom the service is for."""

from enum import StrEnum


class IncidentSeverity(StrEnum):
    """How bad it is for those whom the service is for."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
