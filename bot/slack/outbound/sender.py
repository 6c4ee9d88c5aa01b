"""Carries out one step in Slack and says how it ended; whatever happens, it gives an ending."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from aiohttp import ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.outbound import counters
from bot.slack.outbound.channels import Addresses, NoAddress
from bot.slack.outbound.errors import Judged, Verdict, judge
from bot.slack.outbound.files import upload
from bot.slack.outbound.find_sent import copies, mark
from bot.slack.outbound.limits import Patience
from bot.storage.outbox.steps import Checked, Dead, Doing, Doubt, Ending, Gone, Later, Resolved, Sent, Step

log = structlog.get_logger(__name__)
_LOOKING = (Doing.LOOK, Doing.CHECK)
_OF_SCOPES = (Doing.RESOLVE, Doing.UPLOAD)  # a scope of their own, without which other messages still go


def slack_client(token: str, session: ClientSession, base_url: str = AsyncWebClient.BASE_URL) -> AsyncWebClient:
    """A Web API client that never sends anything twice by itself.

    The SDK's own retry re-sends posts whose connection was reset after Slack had written them.
    """
    return AsyncWebClient(token=token, session=session, base_url=base_url, retry_handlers=[])


class Sender:
    """Talks to one workspace.

    Attributes:
        bot_id: ours, from ``auth.test``; without it any app's message with our key counts as ours.
        trouble: why Slack does not let the app in at all, or None; readiness shows it.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        addresses: Addresses,
        now: Callable[[], datetime],
        *,
        patience: Patience | None = None,
        bot_id: str | None = None,
    ) -> None:
        self._client = client
        self._addresses = addresses
        self._now = now
        self.bot_id = bot_id
        self.patience = patience or Patience()
        self.trouble: str | None = None

    async def carry_out(self, step: Step) -> Ending:
        """Do it, and tell how it ended. Only cancellation is raised."""
        try:
            async with asyncio.timeout(self.patience.call.total_seconds()):
                ending = await self._do(step)
        except NoAddress as problem:
            return Dead(step, str(problem))
        except Exception as failure:  # noqa: BLE001 - a step always ends; what is no failed call is logged below
            try:
                judged = judge(failure)
            except Exception as bug:  # a bug of ours: one message must not stop the others
                log.exception("messenger.step_broke", key=step.key, doing=step.doing, exc_info=bug)
                judged = Judged(Verdict.DOUBT, f"something broke on our side: {type(bug).__name__}")
            return self._failed(step, judged)
        if isinstance(ending, Sent):
            self.trouble = None
        return ending

    async def _do(self, step: Step) -> Ending:
        match step.doing:
            case Doing.RESOLVE:
                return Resolved(step, await self._addresses.channel(step.to))
            case Doing.POST:
                return await self._post(step)
            case Doing.EDIT:
                return await self._edit(step)
            case Doing.SHOW:
                await self._client.views_publish(user_id=step.to, view=_home(step))
                return Sent(step, self._now(), None, None, step.revision)
            case Doing.UPLOAD:
                return await upload(self._client, step, self._now)
            case Doing.LOOK | Doing.CHECK:
                return await (self._look if step.doing is Doing.LOOK else self._check)(step)

    async def _post(self, step: Step) -> Ending:
        answer = await self._client.chat_postMessage(
            channel=step.channel or step.to,
            **_content(step),
            thread_ts=step.thread_ts,
            reply_broadcast=step.broadcast if step.thread_ts else None,
            unfurl_links=False,
            unfurl_media=False,
        )
        return Sent(step, self._now(), answer["channel"], answer["ts"], step.revision)

    async def _edit(self, step: Step) -> Ending:
        content = _content(step)
        # chat.update reads text as "client" unless told; without blocks it keeps none, and [] says so.
        content.setdefault("blocks", [])
        await self._client.chat_update(channel=step.channel or "", ts=step.ts or "", parse="none", **content)
        return Sent(step, self._now(), step.channel, step.ts, step.revision)

    async def _look(self, step: Step) -> Ending:
        found = await copies(self._client, step, self._now(), bot_id=self.bot_id)
        if found:
            counters.RECONCILED.labels("found").inc()
            kept = found[0]
            for double in found[1:]:
                await self._delete(step, double.ts)
            return Sent(step, self._now(), step.channel, kept.ts, kept.revision)
        waits = self.patience.looks
        if step.looks < len(waits):
            return Doubt(step, self._now() + waits[step.looks], "not seen yet", step.looks + 1)
        counters.RECONCILED.labels("missing").inc()
        return Later(step, self._now(), "it was not posted; posting it again", missing=True)

    async def _check(self, step: Step) -> Ending:
        found = await copies(self._client, step, self._now(), bot_id=self.bot_id)
        if len(found) < 2:
            return Checked(step, step.ts)
        # The elder stays, unless people already talk below the younger.
        kept = max(found, key=lambda one: (one.replies > 0, -found.index(one)))
        for double in found:
            if double is not kept:
                await self._delete(step, double.ts)
        return Checked(step, kept.ts)

    async def _delete(self, step: Step, ts: str) -> None:
        counters.RECONCILED.labels("double").inc()
        log.warning("messenger.double_deleted", key=step.key, channel=step.channel, message_ts=ts)
        try:
            await self._client.chat_delete(channel=step.channel or "", ts=ts)
        except SlackApiError as failure:
            if failure.response.get("error") != "message_not_found":
                raise

    def _failed(self, step: Step, judged: Judged) -> Ending:
        log.info("messenger.failed", key=step.key, doing=step.doing, verdict=judged.verdict, reason=judged.reason)
        counters.FAILED.labels(judged.verdict).inc()
        ending = self._cannot_look(step, judged) if step.doing in _LOOKING else self._refused(step, judged)
        if isinstance(ending, Dead):
            self._addresses.forget(step.to)
        return ending

    def _refused(self, step: Step, judged: Judged) -> Ending:
        now, patience = self._now(), self.patience
        ending: Ending = Dead(step, judged.reason)
        match judged.verdict:
            case Verdict.HOLD if not (step.doing in _OF_SCOPES and judged.code == "missing_scope"):
                self.trouble = judged.reason
                ending = Later(step, now + patience.first, judged.reason)
            case Verdict.PACE:
                ending = Later(step, now + (judged.wait or patience.first), judged.reason, paced=True)
            case Verdict.DOUBT if step.doing in (Doing.POST, Doing.UPLOAD):
                ending = Doubt(step, now, judged.reason, 0)  # look at once: mostly it is there
            case Verdict.OUTAGE | Verdict.DOUBT:  # editing, publishing and asking may be repeated
                ending = Later(step, now + patience.pause(max(step.attempt, 1)), judged.reason)
            case Verdict.PLAIN if step.blocks and step.doing is not Doing.UPLOAD:
                ending = Later(step, now, judged.reason, refused=True, plain=True)
            case Verdict.GONE if step.doing is Doing.EDIT:
                # Owed still: a card with buttons must be seen. A reply in a thread was only news; let it rest.
                ending = Sent(step, now, step.channel, step.ts, step.revision) if step.thread_ts else Gone(step)
            case Verdict.AGAIN if step.refusals + 1 < patience.refusals:
                wait = judged.wait or patience.pause(step.refusals + 1)
                ending = Later(step, now + wait, judged.reason, refused=True)
        return ending

    def _cannot_look(self, step: Step, judged: Judged) -> Ending:
        """A search failed. Where it never can succeed a person must look: guessing would lose or double it."""
        now = self._now()
        if step.doing is Doing.CHECK:
            stop = judged.verdict in (Verdict.DEAD, Verdict.HOLD, Verdict.GONE)
            return Checked(step, step.ts, None if stop else now + self.patience.recheck)
        if judged.code == "missing_scope" or judged.verdict is Verdict.DEAD:
            return Dead(
                step, f"nobody knows whether it was posted, and its channel cannot be read: {judged.reason}"
            )
        if judged.verdict is Verdict.HOLD:
            self.trouble = judged.reason
        return Doubt(step, now + (judged.wait or self.patience.pause(step.looks + 2)), judged.reason, step.looks)


def _content(step: Step) -> dict[str, Any]:
    content: dict[str, Any] = {"text": step.text, "metadata": mark(step)}
    if step.blocks:
        content["blocks"] = list(step.blocks)
    return content


def _home(step: Step) -> dict[str, Any]:
    plain = [{"type": "section", "text": {"type": "mrkdwn", "text": step.text[:3_000] or " ", "verbatim": True}}]
    return {"type": "home", "blocks": list(step.blocks) or plain}
