"""What ``eightbells check`` finds: how grave it is, what is so, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave a finding is."""

    FINE = "fine"
    WARNING = "warning"  # the bot runs, but not everything works
    MISTAKE = "mistake"  # it does not run, or does what nobody meant


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``todo`` is empty where it is fine."""

    severity: Severity
    what: str
    todo: str = ""


def fine(what: str) -> Finding:
    """Nothing to do."""
    return Finding(Severity.FINE, what)


def warning(what: str, todo: str) -> Finding:
    """Something that does not work as it could."""
    return Finding(Severity.WARNING, what, todo)


def mistake(what: str, todo: str) -> Finding:
    """Something that must be corrected."""
    return Finding(Severity.MISTAKE, what, todo)
