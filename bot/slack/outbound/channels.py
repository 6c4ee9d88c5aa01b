"""Which channel a message goes to: the id behind "#deploys", and the direct conversation with a person."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.storage.outbox.put import is_channel_id

_USER_ID = re.compile(r"[UW][A-Z0-9]+")
ASK_AGAIN_AFTER = timedelta(minutes=1)  # conversations.list allows about 20 pages a minute


class NoAddress(Exception):
    """There is no such channel or person, as far as the bot can see; ``str`` says what a person can do."""


class Addresses(Protocol):
    """Finds the conversation behind what a message is addressed to."""

    async def channel(self, to: str) -> str:
        """The channel's id. Raises ``NoAddress``, and what the Slack client raises where a call fails."""
        ...

    def forget(self, to: str) -> None:
        """Look it up anew the next time: Slack does not know the id any more."""
        ...


class SlackAddresses:
    """Asks Slack, and remembers. ``now`` is the clock's, aware UTC."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._channels: dict[str, str] = {}
        self._direct: dict[str, str] = {}
        self._listed_at: datetime | None = None
        self._listing = asyncio.Lock()

    async def channel(self, to: str) -> str:
        """The channel's id. Raises ``NoAddress``, ``SlackApiError``, and aiohttp's errors."""
        if is_channel_id(to):
            return to
        if _USER_ID.fullmatch(to):
            return await self._direct_with(to)
        name = to.removeprefix("#").lower()
        async with self._listing:
            if name not in self._channels and self._may_list():
                await self._list()
        if name not in self._channels:
            raise NoAddress(
                f"no channel #{name} that the bot can see: create it, or invite the bot if it is private"
            )
        return self._channels[name]

    def forget(self, to: str) -> None:
        """Look it up anew the next time."""
        self._direct.pop(to, None)
        if self._channels.pop(to.removeprefix("#").lower(), None):
            self._listed_at = None

    def _may_list(self) -> bool:
        return self._listed_at is None or abs(self._now() - self._listed_at) >= ASK_AGAIN_AFTER

    async def _direct_with(self, user_id: str) -> str:
        if user_id not in self._direct:
            answer = await self._client.conversations_open(users=user_id)
            self._direct[user_id] = answer.get("channel", {})["id"]
        return self._direct[user_id]

    async def _list(self) -> None:
        try:
            found = await self._pages("public_channel,private_channel")
        except SlackApiError as failure:
            if failure.response.get("error") != "missing_scope":
                raise
            found = await self._pages("public_channel")  # without groups:read
        self._channels = {channel["name"]: channel["id"] for channel in found}
        self._listed_at = self._now()

    async def _pages(self, types: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while cursor != "":
            answer = await self._client.conversations_list(
                types=types, exclude_archived=True, limit=200, cursor=cursor
            )
            found += answer.get("channels") or ()
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        return found
