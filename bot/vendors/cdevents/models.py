"""The fields that we read of CDEvents, and no others. https://github.com/cdevents/spec"""

from typing import Any

from pydantic import Field

from bot.vendors.kit.alerts import Instant, Words
from bot.vendors.kit.webhooks import Model


class Context(Model):
    """``type`` is ``dev.cdevents.<subject>.<predicate>.<version>``."""

    type: str
    source: Words = ""
    timestamp: Instant = None


class Thing(Model):
    """A reference to an environment, a service, a repository or a suite of tests."""

    id: Words = ""
    name: Words = ""


class Head(Model):
    """What every event has."""

    context: Context


class Incident(Model):
    """``incident.*``: something is wrong in an environment."""

    description: Words = ""
    environment: Thing | None = None
    service: Thing | None = None
    artifactId: Words = ""
    ticketURI: Words = ""


class Service(Model):
    """``service.*``: an artifact runs in an environment, or does so no longer."""

    environment: Thing
    artifactId: Words = ""


class PipelineRun(Model):
    """``pipelinerun.*``."""

    pipelineName: Words = ""
    uri: Words = ""
    url: Words = ""
    outcome: Words = ""
    errors: Words = ""


class TestSuiteRun(Model):
    """``testsuiterun.*``."""

    outcome: Words = ""
    reason: Words = ""
    testSuite: Thing | None = None


class Change(Model):
    """``change.*``: a pull or merge request."""

    repository: Thing
    description: Words = ""


class _Subject(Model):
    id: str = Field(min_length=1)
    source: Words = ""


class _OfIncident(_Subject):
    content: Incident = Incident()


class _OfService(_Subject):
    content: Service


class _OfPipelineRun(_Subject):
    content: PipelineRun = PipelineRun()


class _OfTestSuiteRun(_Subject):
    content: TestSuiteRun = TestSuiteRun()


class _OfChange(_Subject):
    content: Change


class IncidentEvent(Head):
    """``customData`` is whatever its sender likes."""

    subject: _OfIncident
    customData: Any = None


class ServiceEvent(Head):
    """``subject.id`` names the service."""

    subject: _OfService


class PipelineRunEvent(Head):
    """``subject.id`` names the run."""

    subject: _OfPipelineRun


class TestSuiteRunEvent(Head):
    """``subject.id`` names the run."""

    subject: _OfTestSuiteRun


class ChangeEvent(Head):
    """``subject.id`` names the change."""

    subject: _OfChange
