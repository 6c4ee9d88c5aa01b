"""What each of Slack's no's means: try again, give up, send it plain, hold everything, or look first."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError


class Verdict(StrEnum):
    """What to do about a failed call."""

    AGAIN = "again"  # a definite no that may pass
    PACE = "pace"  # too fast: this conversation waits as long as Slack says
    OUTAGE = "outage"  # the request never reached Slack
    DOUBT = "doubt"  # it may have been done
    PLAIN = "plain"  # the blocks were refused: once more, as text
    GONE = "gone"  # the message that we wanted to edit was deleted
    HOLD = "hold"  # the app itself is not let in: nobody gets anything until that is mended
    DEAD = "dead"  # never, as things are


# After these "some aspect of the operation" may have succeeded: docs.slack.dev/reference/methods/chat.postMessage.
_UNSURE = ("fatal_error", "internal_error", "request_timeout", "service_unavailable")

# The token or the app is refused, so every other message would be as well.
_HOLD = {
    "invalid_auth": "Slack does not know our token",
    "not_authed": "no token is configured",
    "account_inactive": "the app was removed from the workspace",
    "token_revoked": "our token was revoked",
    "token_expired": "our token has expired",
    "missing_scope": "the app lacks a scope; install it again from the manifest",
    "no_permission": "the app may not do this; install it again from the manifest",
    "not_allowed_token_type": "the token is of the wrong kind; a bot token (xoxb-) is needed",
    "access_denied": "Slack denies access",
    "accesslimited": "Slack limits access from this address",
    "ekm_access_denied": "the organisation's administrators suspended access",
    "team_access_not_granted": "the app was not granted this workspace",
    "app_access_restricted": "the app's access is restricted",
}

# Only people can mend these; what they need to do is in the reason.
_DEAD = {
    "channel_not_found": "no such channel, or it is private and the bot is not in it: invite the bot",
    "not_in_channel": "the bot is not in this channel: invite it",
    "is_archived": "the channel is archived",
    "user_not_found": "Slack knows no such person",
    "user_disabled": "the person was deactivated",
    "user_not_visible": "the bot may not see this person",
    "cannot_dm_bot": "a bot takes no direct messages",
    "messages_tab_disabled": "the app's Messages tab is off: switch it on in the manifest",
    "restricted_action": "the workspace does not let the bot post there",
    "restricted_action_read_only_channel": "the channel is read-only for the bot",
    "restricted_action_thread_only_channel": "the channel takes replies only",
    "restricted_action_non_threadable_channel": "the channel takes no replies",
    "restricted_action_thread_locked": "the thread is locked",
    "cannot_reply_to_message": "Slack takes no replies to that message",
    "thread_not_found": "the thread is gone",
    "no_text": "the message is empty",
    "msg_too_long": "the text is too long for Slack",
    "too_many_attachments": "the message has too many attachments",
    "metadata_too_large": "the message's key is too long for Slack",
    "cant_update_message": "Slack does not let us edit this message",
    "edit_window_closed": "the workspace allows no edits after so long",
    "is_inactive": "the channel takes no edits any more",
    "method_deprecated": "Slack has retired this method",
    "unknown_method": "Slack does not know this method",
    "file_uploads_disabled": "the workspace lets nobody upload files",
    "storage_limit_reached": "the workspace's storage is full",
    "file_type_not_allowed": "the workspace does not take files of this kind",
    "posting_to_channel_denied": "the workspace does not let the bot post there",
    "alt_txt_too_long": "the picture's description is too long for Slack",
    "not_enabled": "the app's Home tab is off: switch it on in the manifest",
}

_MEANING: dict[str, tuple[Verdict, str]] = {
    **dict.fromkeys(_UNSURE, (Verdict.DOUBT, "Slack is unsure")),
    **{code: (Verdict.HOLD, why) for code, why in _HOLD.items()},
    **{code: (Verdict.DEAD, why) for code, why in _DEAD.items()},
    "invalid_blocks": (Verdict.PLAIN, "Slack refused the blocks"),
    "invalid_blocks_format": (Verdict.PLAIN, "Slack refused the blocks"),
    "msg_blocks_too_long": (Verdict.PLAIN, "the blocks are too long for Slack"),
    "block_mismatch": (Verdict.PLAIN, "Slack refused the blocks"),
    "message_not_found": (Verdict.GONE, "the message was deleted"),
    # Two spellings: of the HTTP status 429, and of the volume of messages in a channel.
    "ratelimited": (Verdict.PACE, "too fast"),
    "rate_limited": (Verdict.PACE, "too fast"),
}
# Anything else that Slack says with ok:false was not done; it is tried a few times in case it passes.
_UNHEARD_OF = (Verdict.AGAIN, "Slack refused it")


class NotTaken(Exception):
    """Slack answered outside of its Web API that it did not take something; nothing was done."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A failure as the messenger takes it; ``wait`` is what Slack asked for, if it did."""

    verdict: Verdict
    reason: str
    code: str = ""
    wait: timedelta | None = None


def judge(failure: Exception) -> Judged:
    """What a failed Web API call means. Raises the failure itself where it is not one of a call."""
    if isinstance(failure, SlackApiError):
        return _judge_answer(failure)
    if isinstance(failure, NotTaken):
        return Judged(Verdict.AGAIN, str(failure))
    if isinstance(failure, aiohttp.ClientConnectorError):
        # No connection, hence no request: the one network failure after which nothing can have been done.
        return Judged(Verdict.OUTAGE, f"Slack cannot be reached: {type(failure).__name__}")
    if isinstance(failure, (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError, SlackRequestError)):
        return Judged(Verdict.DOUBT, f"the call ended without an answer: {type(failure).__name__}")
    raise failure


def judge_code(code: str, *, details: str = "") -> Judged:
    """What an error code in ``ok: false`` means."""
    verdict, why = _MEANING.get(code, _UNHEARD_OF)
    return Judged(verdict, f"{why} ({code}{': ' + details if details else ''})", code)


def _judge_answer(failure: SlackApiError) -> Judged:
    answer = failure.response
    status = getattr(answer, "status_code", None) or getattr(answer, "status", 0)  # aiohttp's own, on bad JSON
    headers: Mapping[str, str] = getattr(answer, "headers", None) or {}
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    if status == 429:
        return Judged(Verdict.PACE, "too fast (429)", "ratelimited", _wait(asked or "1"))
    data = getattr(answer, "data", None)
    if status >= 500 or not isinstance(data, dict) or "ok" not in data:
        return Judged(Verdict.DOUBT, f"Slack answered {status} without a verdict")
    found = judge_code(str(data.get("error", "unknown")), details="; ".join(map(str, data.get("errors") or ())))
    return replace(found, wait=_wait(asked)) if asked else found


def _wait(seconds: str) -> timedelta:
    try:
        return timedelta(seconds=min(max(float(seconds), 0.1), 3_600))
    except ValueError:
        return timedelta(seconds=1)
