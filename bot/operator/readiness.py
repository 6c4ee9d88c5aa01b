"""Readiness, what ``/readyz`` asks: whether the database, Slack, the messenger and the clock let us work."""

import asyncio
from collections.abc import Mapping

from bot.runtime import metrics
from bot.runtime.clock_skew import TOO_FAR, ClockSkew
from bot.runtime.health import Check, Noted
from bot.slack.inbound import SlackEdge
from bot.slack.outbound import Messenger
from bot.storage.engine.database import Database
from bot.storage.work.unit_of_work import UnitOfWork


def checks(
    database: Database,
    messenger: Messenger,
    edge: SlackEdge,
    ready: "asyncio.Future[None]",
    skew: ClockSkew,
    *,
    socket_mode: bool,
) -> Mapping[str, Check]:
    """By name; ``ready`` is done once Slack was reached for the first time."""

    async def stored() -> str | None:
        return None if await database.healthy() else "the database does not answer"

    async def sends() -> str | None:
        return messenger.trouble

    async def slack() -> str | None:
        if not ready.done():
            return edge.reaching.trouble or "Slack does not answer yet"
        if socket_mode and not edge.connected:
            return "no Socket Mode connection stands"
        return None

    async def version() -> str | None:
        newer = database.successor
        return (
            f"a newer version has brought the tables to {newer}; this one does nothing more: stop it"
            if newer
            else None
        )

    async def time() -> str | None:
        trouble = skew.trouble
        return Noted(trouble) if trouble and skew.furthest < TOO_FAR else trouble

    return {"database": stored, "messenger": sends, "slack": slack, "version": version, "clock": time}


async def measure(messenger: Messenger, unit: UnitOfWork) -> None:
    """Bring the gauges up to date that are read from the database."""
    await messenger.count()
    async with unit.reading() as work:
        letters = await work.dead_letter_counts()
    for kind, number in letters.items():
        metrics.OWED.labels(kind).set(number)
