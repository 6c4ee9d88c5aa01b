"""JSON of any form, read as the team file says: a JMESPath expression for each thing that an alert has."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from bot.core.events import Event
from bot.core.team import Team
from bot.vendors.kit.alerts import Told, digest, instant, known
from bot.vendors.kit.team_settings import Reading, SourceSettings
from bot.vendors.kit.urgency import of_one_alert
from bot.vendors.kit.webhooks import Delivery, MalformedPayload, Source, bearer_or_basic, by_body, loaded

_compiled = lru_cache(maxsize=512)(jmespath.compile)


def parse(delivery: Delivery) -> list[Event]:
    """Without a reading there is no telling what it means; raises ``MalformedPayload``."""
    raise MalformedPayload("sources.generic", f"the team file does not say how {delivery.source} is read")


def parse_as(name: str, reading: Reading, delivery: Delivery) -> list[Event]:
    """One event an alert, in the order of the body. Raises ``MalformedPayload`` naming the expression."""
    place = f"sources.generic.{name}"
    found = _find(f"{place}.alerts", reading.alerts, loaded(delivery.body))
    if found is None:
        raise MalformedPayload(f"{place}.alerts", f"{reading.alerts} finds nothing in the body")
    alerts: list[Any] = found if isinstance(found, list) else [found]
    return [_told(place, reading, alert).event(delivery) for alert in alerts]


def _told(place: str, reading: Reading, alert: Any) -> Told:
    def text(key: str, expression: str) -> str:
        return _text(_find(f"{place}.{key}", expression, alert)) if expression else ""

    def needed(key: str, expression: str) -> str:
        value = text(key, expression)
        if not value:
            raise MalformedPayload(f"{place}.{key}", f"{expression} finds nothing in {_shown(alert)}")
        return value

    def instant_of(key: str, expression: str) -> Any:
        return instant(_find(f"{place}.{key}", expression, alert)) if expression else None

    labels = known(**{label: text(f"labels.{label}", how) for label, how in reading.labels.items()})
    labels["alertname"] = needed("name", reading.name)
    notes = {note: text(f"annotations.{note}", how) for note, how in reading.annotations.items()}
    return Told(
        firing=needed("status", reading.status).casefold() not in reading.resolved,
        labels=labels | known(severity=text("severity", reading.severity)),
        annotations=known(**notes) | known(summary=text("summary", reading.summary)),
        # The severity may change while it fires, so it does not tell alerts apart.
        fingerprint=text("fingerprint", reading.fingerprint) or digest(labels),
        group=text("group", reading.group),
        starts_at=instant_of("starts_at", reading.starts_at),
        ends_at=instant_of("ends_at", reading.ends_at),
        url=text("url", reading.url),
    )


def _find(place: str, expression: str, value: Any) -> Any:
    try:
        parsed: ParsedResult = _compiled(expression)
        return parsed.search(value)
    # Its functions raise what Python raises where a value is not of the type that they are for.
    except (JMESPathError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as problem:
        raise MalformedPayload(place, f"{expression} cannot be used on {_shown(value)}: {problem}") from None


def _text(value: Any) -> str:
    """As it is compared and shown: a list by its items, nothing and objects not at all."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return ", ".join(text for each in value if (text := _text(each)))
    return str(value).strip() if isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    """What the expression was used on, as far as its reader needs it to see why."""
    if isinstance(value, dict):
        return f"an object with {', '.join(sorted(map(str, value))[:12])[:200]}" if value else "an empty object"
    return f"a list of {len(value)}" if isinstance(value, list) else f"{value!r}"[:80]


def _of_team(team: Team) -> Mapping[str, Source]:
    parsers = {
        name: partial(parse_as, name, reading) for name, reading in team.part(SourceSettings).generic.items()
    }
    return {
        f"{source.name}/{name}": replace(source, parse=parse, weigh=of_one_alert(parse))
        for name, parse in parsers.items()
    }


source = Source(
    name="generic",
    title="Anything that posts JSON",
    how_to="Describe it under `sources.generic.<name>` in the team file, then post to `/hooks/generic/<name>` with "
    "`Authorization: Bearer <secret>`, or with the secret as password in the address.",
    verify=bearer_or_basic(),
    identify=by_body,
    parse=parse,
    of_team=_of_team,
)
