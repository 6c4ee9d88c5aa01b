"""Says private answers, by whichever way the gesture leaves open; they go at once and are not kept."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.command import Door, Reply
from bot.core.messages import Rendered
from bot.core.ports import Render
from bot.core.refusals import Refusal
from bot.slack.inbound.gestures import Gesture
from bot.slack.inbound.modals import notice

log = structlog.get_logger(__name__)

# Slack's pages name the first two one way and the other; docs.slack.dev/reference/methods/views.open
_TOO_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged"})


class FormNotOpened(Refusal):
    """Slack opened no window."""


class Answers:
    """Private answers.

    Args:
        client: for ephemeral messages, direct messages and windows; must not re-send by itself.
        session: for response URLs, which are secrets and are never logged.
    """

    def __init__(self, render: Render, client: AsyncWebClient, session: ClientSession) -> None:
        self.render = render
        self._client = client
        self._session = session

    def rendered(self, reply: Reply) -> Rendered:
        """The reply as a message."""
        return self.render(reply.template, reply.context)

    def in_ack(self, reply: Reply) -> dict[str, Any]:
        """The answer as the body of the acknowledgement, shown to the caller alone."""
        message = self.rendered(reply)
        return {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}

    async def say(self, gesture: Gesture, reply: Reply) -> None:
        """Show the reply to whoever made the gesture. Where Slack takes it by no way, that is logged."""
        message = self.rendered(reply)
        if gesture.response_url and await self._by_url(gesture, message):
            return
        try:
            if gesture.door is Door.BUTTON and gesture.view and gesture.trigger_id:
                await self._in_window(gesture, message)
            elif gesture.channel_id and not gesture.is_direct and await self._beside(gesture, message):
                pass
            else:
                await self._directly(gesture, message)
        except (SlackClientError, ClientError, TimeoutError) as error:
            log.warning("private answer not shown", door=gesture.door, user_id=gesture.user_id, error=_why(error))

    async def aside(self, gesture: Gesture, reply: Reply) -> None:
        """Show the reply to the person alone, and in no other way: no app hears of it, so none answers to it."""
        try:
            await self._beside(gesture, self.rendered(reply))
        except (SlackClientError, ClientError, TimeoutError) as error:
            log.warning("private answer not shown", door=gesture.door, user_id=gesture.user_id, error=_why(error))

    async def open(self, gesture: Gesture, view: Mapping[str, Any]) -> None:
        """Open a window, over the one that the gesture was made in if any. Raises ``FormNotOpened``."""
        over = gesture.view is not None and gesture.view.get("type") == "modal"
        try:
            if over:
                await self._client.views_push(trigger_id=gesture.trigger_id, view=dict(view))
            else:
                await self._client.views_open(trigger_id=gesture.trigger_id, view=dict(view))
        except SlackApiError as error:
            if error.response.get("error") in _TOO_LATE:
                raise FormNotOpened(
                    "The form did not open: Slack lets me open one within 3 s of your click, and that was over. "
                    "Do it again."
                ) from error
            raise
        except (ClientError, TimeoutError) as error:
            raise FormNotOpened("The form did not open: Slack did not answer me. Do it again.") from error

    async def _by_url(self, gesture: Gesture, message: Rendered) -> bool:
        body = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": message.text,
            "blocks": list(message.blocks),
        }
        try:
            async with self._session.post(gesture.response_url, json=body) as response:
                if response.status == 200:
                    return True
                log.warning("response_url refused", door=gesture.door, status=response.status)
        except (ClientError, TimeoutError) as error:
            log.warning("response_url unreachable", door=gesture.door, error=type(error).__name__)
        return False

    async def _beside(self, gesture: Gesture, message: Rendered) -> bool:
        """Show it in the conversation, to the caller alone; False where we are not in there."""
        try:
            await self._client.chat_postEphemeral(
                channel=gesture.channel_id,
                user=gesture.user_id,
                thread_ts=gesture.thread_ts,
                text=message.text,
                blocks=list(message.blocks),
            )
        except SlackApiError as error:
            log.info("answering directly instead", channel_id=gesture.channel_id, error=_why(error))
            return False
        return True

    async def _in_window(self, gesture: Gesture, message: Rendered) -> None:
        try:
            await self.open(gesture, notice(message))
        except FormNotOpened:
            await self._directly(gesture, message)

    async def _directly(self, gesture: Gesture, message: Rendered) -> None:
        await self._client.chat_postMessage(
            channel=gesture.channel_id if gesture.is_direct else gesture.user_id,
            thread_ts=gesture.thread_ts if gesture.is_direct else None,
            text=message.text,
            blocks=list(message.blocks),
        )


def _why(error: BaseException) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error"))
    return type(error).__name__
