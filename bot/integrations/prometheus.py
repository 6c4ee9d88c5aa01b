"""Asks a Prometheus for values over time. A ``bot.domain.alerting_ports.Measurements``."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.domain.alerting_ports import PrometheusUnreachable
from bot.domain.curves import Curve
from bot.integrations import json_text
from bot.integrations.bodies import body_of

PATIENCE = ClientTimeout(total=8)  # seconds
POINTS = 120
SERIES_MAX = 20
BODY_MAX = 4 * 1024 * 1024  # bytes


class Prometheus:
    """One Prometheus, or what speaks its query API."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """``url`` is what its web page is at, with any path prefix."""
        self._session = session
        self._url = f"{url.rstrip('/')}/api/v1/query_range"

    async def over_time(self, query: str, since: datetime, until: datetime) -> Sequence[Curve]:
        """One curve a series, with ``POINTS`` points at most. Raises ``PrometheusUnreachable``."""
        step = max((until - since).total_seconds() / POINTS, 1.0)
        form = {"query": query, "start": since.timestamp(), "end": until.timestamp(), "step": step}
        asked = {name: str(value) for name, value in form.items()}
        try:
            async with self._session.post(self._url, data=asked, timeout=PATIENCE, allow_redirects=False) as answer:
                body = await body_of(answer.content, BODY_MAX)
                status = answer.status
        except (ClientError, OSError, TimeoutError) as problem:
            raise PrometheusUnreachable(f"it does not answer ({type(problem).__name__})") from problem
        if status != 200:
            raise PrometheusUnreachable(f"it answers {status}")
        try:
            result = json_text.loaded(body)["data"]["result"]
            return [_curve(series) for series in result[:SERIES_MAX]]
        except (ValueError, KeyError, TypeError) as problem:
            raise PrometheusUnreachable("what it answers cannot be read") from problem


def _curve(series: Mapping[str, Any]) -> Curve:
    labels = {str(name): str(value) for name, value in series["metric"].items() if name != "__name__"}
    name = labels.get("instance") or ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
    points = ((datetime.fromtimestamp(float(at), UTC), float(value)) for at, value in series["values"])
    return Curve(name or "value", tuple((at, value) for at, value in points if math.isfinite(value)))
