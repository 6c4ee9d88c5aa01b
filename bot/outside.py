"""Everybody whom jobs ask or tell: code hosts, targets, registries, monitoring. A part of the composition."""

import os

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from pydantic import SecretStr

from bot.config import Settings, known_secrets
from bot.domain.alerting_ports import UserGroups
from bot.domain.ports import Clock, Directory, Eraser, Tools, Unit
from bot.domain.references import HTTP
from bot.domain.team import Team
from bot.integrations.alertmanager_api import AlertmanagerApi
from bot.integrations.cdevents_out import CDEventsSink
from bot.integrations.hosts import AnyHost
from bot.integrations.prometheus import Prometheus
from bot.integrations.public_holidays import PublicHolidays
from bot.integrations.registry import Registries
from bot.integrations.targets import AnyCarrier, LocalCommand
from bot.runtime.charts import PngCharts
from bot.runtime.messenger.places import AT_ONCE
from bot.runtime.redaction import Redaction

CALL_SECONDS = 15  # of one call to Slack or a code host
CONNECTIONS = 100  # beside those of messages, which may all hang: private answers, people, code hosts


def session_for_all() -> ClientSession:
    """What everybody here speaks HTTP over, with connections enough for all messages and others beside them."""
    return ClientSession(
        timeout=ClientTimeout(total=CALL_SECONDS), connector=TCPConnector(limit=AT_ONCE + CONNECTIONS)
    )


def tools(
    settings: Settings,
    team: Team,
    unit: Unit,
    clock: Clock,
    directory: Directory,
    session: ClientSession,
    user_groups: UserGroups,
    eraser: Eraser,
) -> Tools:
    """What jobs that work outside of a transaction use; those whom the team file does not name are not there.

    Args:
        session: shared by all who speak HTTP; it stays open.
    """
    github, gitlab = settings.github, settings.gitlab
    alertmanager, cdevents = _shown(settings.alertmanager_token), _shown(settings.cdevents_token)
    deploys = settings.secrets_for({HTTP}).get(HTTP)
    redact = Redaction(settings.secrets | known_secrets(os.environ, team)).text
    return Tools(
        unit,
        clock,
        directory,
        team,
        AnyHost(session, github, gitlab, redact),
        LocalCommand(redact=redact),
        PublicHolidays(),
        PngCharts(),
        artifacts=Registries(session, settings.registry_logins),
        carrier=AnyCarrier(session, github, gitlab, deploys, settings.url, redact=redact),
        outlet=CDEventsSink(session, team.cdevents, cdevents, source=settings.url) if team.cdevents else None,
        silencer=AlertmanagerApi(session, team.alertmanager, alertmanager, redact) if team.alertmanager else None,
        user_groups=user_groups,
        measurements=Prometheus(session, team.alerts.prometheus) if team.alerts.prometheus else None,
        eraser=eraser,
    )


def _shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
