"""The team file's ``sources``: what those need to know who send webhooks of a form that a team chooses."""

import re
from collections.abc import Collection
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bot.sections.mistakes import Found, nearest
from bot.vendors.kit.team_settings import ArgoApp, Reading, SourceSettings

# arn:partition:sns:region:account:name; a topic's name is at most 256 characters.
_TOPIC = re.compile(r"arn:aws(-[a-z-]+)?:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RESOLVED = ("resolved", "ok", "recovered", "up", "closed", "normal")


def _expression(value: str) -> str:
    try:
        jmespath.compile(value)
    except (JMESPathError, RecursionError) as fault:
        why = str(fault).split("\n", 1)[0].rstrip(":")
        raise ValueError(f"{value!r} is no JMESPath expression ({why}); see jmespath.org") from None
    return value


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise ValueError(f"{value!r} is no topic; write its ARN, such as arn:aws:sns:eu-west-1:123456789012:alarms")
    return value


def _reading_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name is lower-case letters, digits and dashes: it is a part of the webhook's address")
    return value


def _word(value: object) -> object:
    """As the body's values are compared: YAML reads ``off`` and ``true`` as truth values."""
    return str(value).casefold() if isinstance(value, str | bool | int) else value


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list) else [value]


Expression = Annotated[str, AfterValidator(_expression)]
Topic = Annotated[str, AfterValidator(_topic)]
ReadingName = Annotated[str, AfterValidator(_reading_name)]
Word = Annotated[str, BeforeValidator(_word)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ReadingPart(_Part):
    """How one kind of body is read."""

    name: Expression
    status: Expression
    resolved: Annotated[list[Word], BeforeValidator(_one_or_more)] = list(RESOLVED)
    alerts: Expression = "@"
    severity: Expression | None = None
    summary: Expression | None = None
    fingerprint: Expression | None = None
    group: Expression | None = None
    starts_at: Expression | None = None
    ends_at: Expression | None = None
    url: Expression | None = None
    labels: dict[str, Expression] = {}
    annotations: dict[str, Expression] = {}

    def reading(self) -> Reading:
        """The domain's."""
        given: dict[str, Any] = {name: value for name, value in self.model_dump().items() if value is not None}
        given["resolved"] = frozenset(self.resolved)
        return Reading(**given)


class SnsPart(_Part):
    """Amazon SNS. Everybody with an account there can sign a message, so the topic is what proves it ours."""

    topics: list[Topic] = []


class ArgoAppPart(_Part):
    """Which service, in which environment, an application is."""

    service: str
    environment: str


class ArgoPart(_Part):
    """Argo CD: applications whose name is not ``<service>-<environment>``."""

    apps: dict[str, ArgoAppPart] = {}


def source_mistakes(part: "SourcesPart", services: Collection[str], environments: Collection[str]) -> Found:
    """Apps of services and environments that are not there."""
    for app, of in (part.argocd.apps if part.argocd else {}).items():
        place = ("sources", "argocd", "apps", app)
        if of.service not in services:
            yield (*place, "service"), f"no service {of.service}; {nearest(of.service, services)}"
        if of.environment not in environments:
            yield (
                (*place, "environment"),
                f"no environment {of.environment}; {nearest(of.environment, environments)}",
            )


class SourcesPart(_Part):
    """Sources that the team file sets up."""

    sns: SnsPart | None = None
    generic: dict[ReadingName, ReadingPart] = {}
    argocd: ArgoPart | None = None

    def settings(self) -> SourceSettings:
        """The domain's."""
        return SourceSettings(
            topics=frozenset(self.sns.topics if self.sns else ()),
            generic={name: part.reading() for name, part in self.generic.items()},
            apps={
                name: ArgoApp(part.service, part.environment)
                for name, part in (self.argocd.apps if self.argocd else {}).items()
            },
        )
