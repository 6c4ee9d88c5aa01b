"""Asks a Prometheus for values over time. A ``bot.stages.monitor.model.ports.Measurements``."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.core.curves import Curve
from bot.stages.monitor.model.ports import PrometheusUnreachable
from bot.vendors.kit import json_text
from bot.vendors.kit.bodies import body_of

PATIENCE = ClientTimeout(total=8)  # seconds
REST_SECONDS = 60.0  # after a time-out, in which it is not asked: charts may be missing, places for jobs may not
POINTS = 120
SERIES_MAX = 20
BODY_MAX = 4 * 1024 * 1024  # bytes
SILENT = "it did not answer in time"

log = structlog.get_logger(__name__)


class Prometheus:
    """One Prometheus, or what speaks its query API.

    After a time-out it is left alone for ``REST_SECONDS``, as by a circuit breaker.

    Args:
        url: what its web page is at, with any path prefix.
        elapsed: seconds by a clock that nobody sets.
    """

    def __init__(self, session: ClientSession, url: str, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._url = f"{url.rstrip('/')}/api/v1/query_range"
        self._elapsed = elapsed
        self._rests_until = -math.inf

    async def over_time(self, query: str, since: datetime, until: datetime) -> Sequence[Curve]:
        """One curve a series, with ``POINTS`` points at most. Raises ``PrometheusUnreachable``."""
        if self._elapsed() < self._rests_until:
            raise PrometheusUnreachable(SILENT)
        step = max((until - since).total_seconds() / POINTS, 1.0)
        form = {"query": query, "start": since.timestamp(), "end": until.timestamp(), "step": step}
        asked = {name: str(value) for name, value in form.items()}
        try:
            async with self._session.post(self._url, data=asked, timeout=PATIENCE, allow_redirects=False) as answer:
                body = await body_of(answer.content, BODY_MAX)
                status = answer.status
        except TimeoutError as late:
            if self._elapsed() >= self._rests_until:  # of those that were asked together, the first says it
                log.warning("prometheus.silent", not_asked_for_seconds=REST_SECONDS)
            self._rests_until = self._elapsed() + REST_SECONDS
            raise PrometheusUnreachable(SILENT) from late
        except (ClientError, OSError) as problem:
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
