"""What the team file says of those who send webhooks: whose topics and apps are ours, how JSON of any form is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reading:
    """How JSON of a form of its own becomes alerts: JMESPath expressions.

    Attributes:
        name: what the alert is called; it must find something, and so must ``status``.
        status: finds the word that says whether it fires; one of ``resolved`` says that it does no longer.
        alerts: finds the alert, or the list of them, in the body; the others look inside each one.
    """

    name: str
    status: str
    resolved: frozenset[str] = frozenset()
    alerts: str = "@"
    severity: str = ""
    summary: str = ""
    fingerprint: str = ""
    group: str = ""
    starts_at: str = ""
    ends_at: str = ""
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ArgoApp:
    """Which service, in which environment, an application of Argo CD is."""

    service: str
    environment: str


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """``topics`` of Amazon SNS that we listen to, by ARN; ``generic`` readings and Argo CD's ``apps`` by their name."""

    topics: frozenset[str] = frozenset()
    generic: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    apps: Mapping[str, ArgoApp] = field(default_factory=dict[str, ArgoApp])
