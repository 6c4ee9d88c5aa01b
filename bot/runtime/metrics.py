"""What is measured, for Prometheus; the messenger counts its own."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

# Slack waits 3 s for an answer; what takes longer is lost.
_ANSWER_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5)

GESTURES = Counter(
    "eightbells_gestures", "Commands, clicks and forms, by verb and how they ended", ["action", "door", "outcome"]
)
ANSWER_SECONDS = Histogram(
    "eightbells_answer_seconds", "From a request of Slack's to our answer", ["door"], buckets=_ANSWER_SECONDS
)
DELIVERIES = Counter("eightbells_deliveries", "Webhook requests, by source and our answer", ["source", "status"])
JOBS = Counter("eightbells_jobs", "Jobs that ended, by kind and outcome", ["kind", "outcome"])
JOB_LATE_SECONDS = Histogram(
    "eightbells_job_late_seconds", "How much later than due a job began", buckets=(0.1, 1, 5, 30, 60, 600, 3_600)
)
CLOCK_SKEW = Gauge(
    "eightbells_clock_skew_seconds",
    "How far this machine's clock is ahead of another; negative: behind",
    ["against"],
)
OWED = Gauge("eightbells_dead", "What was given up and waits for an admin", ["what"])


def count_delivery(source: str, status: int) -> None:
    """One webhook request; the argument ``counted`` of ``Hooks``."""
    DELIVERIES.labels(source, str(status)).inc()


@contextmanager
def answering(door: str) -> Iterator[None]:
    """Measure how long an answer takes."""
    began = perf_counter()
    try:
        yield
    finally:
        ANSWER_SECONDS.labels(door).observe(perf_counter() - began)


def route(
    refresh: Callable[[], Awaitable[None]] | None = None, registry: CollectorRegistry = REGISTRY
) -> web.RouteDef:
    """``GET /metrics``; ``refresh`` brings gauges up to date that are read from the database."""

    async def metrics(request: web.Request) -> web.Response:
        if refresh is not None:
            await refresh()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return web.Response(body=encode(registry), headers={"content-type": content_type})

    return web.get("/metrics", metrics)
