"""Everybody whom jobs ask or tell: code hosts, targets, registries, monitoring. A part of the composition."""

import os
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from pydantic import SecretStr

from bot.config import Settings, known_secrets
from bot.core.erasing import Eraser
from bot.core.ports import Charts, Clock, Directory, Tools, Unit
from bot.core.run_references import HTTP
from bot.core.team import Team
from bot.runtime.redaction import Redaction
from bot.slack.outbound.places import AT_ONCE
from bot.slack.rendering.charts import PngCharts
from bot.stages.code.model.ports import CodeHost
from bot.stages.deploy.model.announcement_port import Outlet
from bot.stages.deploy.model.ports import Carrier, Target
from bot.stages.deploy.model.registry_port import Artifacts
from bot.stages.monitor.model.ports import Measurements, Silencer
from bot.stages.monitor.model.route import Alerting
from bot.team.oncall.model.ports import UserGroups
from bot.team.people.model.ports import Holidays
from bot.vendors.alertmanager.silences import AlertmanagerApi
from bot.vendors.cdevents.announce import CDEventsSink
from bot.vendors.choose_code_host import AnyHost
from bot.vendors.choose_target import AnyCarrier
from bot.vendors.holidays.public_holidays import PublicHolidays
from bot.vendors.local.command import LocalCommand
from bot.vendors.oci_registry.digests import Registries
from bot.vendors.prometheus.measurements import Prometheus

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
    ports: dict[type[Any], Any] = {
        CodeHost: AnyHost(session, github, gitlab, redact),
        Target: LocalCommand(redact=redact),
        Carrier: AnyCarrier(session, github, gitlab, deploys, settings.url, redact=redact),
        Artifacts: Registries(session, settings.registry_logins),
        Holidays: PublicHolidays(),
        Charts: PngCharts(),
        UserGroups: user_groups,
        Eraser: eraser,
    }
    if team.cdevents:
        ports[Outlet] = CDEventsSink(session, team.cdevents, cdevents, source=settings.url)
    if team.alertmanager:
        ports[Silencer] = AlertmanagerApi(session, team.alertmanager, alertmanager, redact)
    if prometheus := team.part(Alerting).prometheus:
        ports[Measurements] = Prometheus(session, prometheus)
    return Tools(unit, clock, directory, team, ports)


def _shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
