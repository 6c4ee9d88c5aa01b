"""Which of our messages stands where in Slack."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.outbox.tables import outbox


async def key_at(conn: AsyncConnection, channel: str, ts: str) -> str | None:
    """The key of the message that stands there; nothing where it is none of ours."""
    found = select(outbox.c.key).where(outbox.c.channel == channel, outbox.c.ts == ts)
    return (await conn.execute(found)).scalar()
