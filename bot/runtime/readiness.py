"""What ``/readyz`` asks: whether the database, Slack and the messenger let us work."""

import asyncio
from collections.abc import Mapping

from bot.runtime.health import Check
from bot.runtime.messenger import Messenger
from bot.runtime.slack import SlackEdge
from bot.storage.database import Database


def checks(
    database: Database,
    messenger: Messenger,
    edge: SlackEdge,
    ready: "asyncio.Future[None]",
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

    return {"database": stored, "messenger": sends, "slack": slack}
