"""How bad an alert is, in one vocabulary for everybody's."""

import re
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. Sources have many words for it; an unknown one maps, it does not crash."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, word: str | None) -> "Severity":
        """Our word for theirs."""
        return _SEVERITIES.get(_NOT_ALPHANUMERIC.sub("", (word or "").lower()), cls.UNKNOWN)

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return (Severity.CRITICAL, Severity.WARNING, Severity.UNKNOWN, Severity.INFO).index(self)


_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")  # "SEV-1" and "sev 1" are one word
# Prometheus, syslog, Sentry, Datadog, PagerDuty, CDEvents, Zabbix, and the priorities that teams number themselves.
_CRITICAL = "critical crit page fatal emergency emerg alert disaster urgent severe blocker high p0 p1 sev0 sev1"
_WARNING = "warning warn major error err medium moderate average degraded p2 sev2"
_INFO = (
    "info informational information notice debug trace low minor trivial none ok success p3 p4 p5 sev3 sev4 sev5"
)
_SEVERITIES = {
    **dict.fromkeys(_CRITICAL.split(), Severity.CRITICAL),
    **dict.fromkeys(_WARNING.split(), Severity.WARNING),
    **dict.fromkeys(_INFO.split(), Severity.INFO),
}
