"""Triage at the edge: whether what a monitoring source sends tells of something critical, and of which group."""

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import structlog

from bot.core.events import AlertFired, AlertResolved
from bot.stages.monitor.model.severity import Severity
from bot.vendors.kit.webhooks import ORDINARY, Delivery, MalformedPayload, Parse, Weigh, Weight

SHORT = 64 * 1024  # bytes; what one alert needs, and what is parsed while its sender waits

log = structlog.get_logger(__name__)


def of_one_alert(parse: Parse) -> Weigh:
    """For sources that send one alert at a time: what it is parsed to says it, if it is short."""

    def weigh(delivery: Delivery, body: Any) -> Weight:
        del body
        if len(delivery.body) > SHORT:
            return ORDINARY
        try:
            events = parse(delivery)
        except MalformedPayload:  # told once it is worked on
            return ORDINARY
        except Exception as problem:  # noqa: BLE001 - a bug in a parser must not lose what it cannot read
            log.warning("hook.not_weighed", source=delivery.source, problem=f"{type(problem).__name__}: {problem}")
            return ORDINARY
        alerts = [event for event in events if isinstance(event, AlertFired | AlertResolved)]
        if len(alerts) != len(events) or len({alert.group for alert in alerts}) != 1:
            return ORDINARY
        return _weight(
            alerts[0].group,
            any(isinstance(one, AlertFired) and _is_critical(one.labels.get("severity")) for one in alerts),
        )

    return weigh


def of_groups(parse: Parse) -> Weigh:
    """For Alertmanager's payloads, of thousands of alerts: as they stand in JSON, which costs microseconds an alert."""
    otherwise = of_one_alert(parse)

    def weigh(delivery: Delivery, body: Any) -> Weight:
        fields = cast("Mapping[str, Any]", body) if isinstance(body, Mapping) else {}
        group, alerts = fields.get("groupKey"), fields.get("alerts")
        if not (isinstance(group, str) and group and isinstance(alerts, list)):
            return otherwise(delivery, body)
        return _weight(group, any(map(_fires_critically, cast("list[Any]", alerts))))

    return weigh


def _fires_critically(alert: Any) -> bool:
    if not isinstance(alert, dict):
        return False
    fields = cast("dict[str, Any]", alert)
    labels = fields.get("labels")
    if fields.get("status") != "firing" or not isinstance(labels, dict):
        return False
    return _is_critical(cast("dict[str, Any]", labels).get("severity"))


def _is_critical(severity: Any) -> bool:
    return isinstance(severity, str) and Severity.of(severity) is Severity.CRITICAL


def _weight(group: str, urgent: bool) -> Weight:
    return Weight(hashlib.sha256(group.encode("utf-8", "replace")).hexdigest()[:32], urgent)
