"""What is made of each way in which a call to Slack can fail."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.slack.outbound.errors import Verdict, judge


def answered(data, status: int = 200, **headers: str) -> SlackApiError:
    return SlackApiError("no", SimpleNamespace(status_code=status, data=data, headers=headers))


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (answered({"ok": False, "error": "internal_error"}), Verdict.DOUBT),
        (answered({"ok": False, "error": "fatal_error"}), Verdict.DOUBT),
        (answered({}, 500), Verdict.DOUBT),
        (answered("<html>", 502), Verdict.DOUBT),
        (answered("<html>", 200), Verdict.DOUBT),
        (TimeoutError(), Verdict.DOUBT),
        (asyncio.IncompleteReadError(b"", 1), None),
        (aiohttp.ServerDisconnectedError(), Verdict.DOUBT),
        (aiohttp.ClientPayloadError(), Verdict.DOUBT),
        (ConnectionResetError(), Verdict.DOUBT),
        (aiohttp.ClientConnectorError(SimpleNamespace(ssl=None, host="h", port=1), OSError()), Verdict.OUTAGE),
        (answered({"ok": False, "error": "ratelimited"}, 429), Verdict.PACE),
        (answered({"ok": False, "error": "rate_limited"}), Verdict.PACE),
        (answered({"ok": False, "error": "channel_not_found"}), Verdict.DEAD),
        (answered({"ok": False, "error": "invalid_blocks"}), Verdict.PLAIN),
        (answered({"ok": False, "error": "message_not_found"}), Verdict.GONE),
        (answered({"ok": False, "error": "token_revoked"}), Verdict.HOLD),
        (answered({"ok": False, "error": "never_heard_of"}), Verdict.AGAIN),
    ],
)
def test_a_failure_is_judged_by_whether_the_message_may_be_there(failure, verdict):
    if verdict is None:
        with pytest.raises(type(failure)):
            judge(failure)
    else:
        assert judge(failure).verdict is verdict


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"Retry-After": "30"}, 30), ({"retry-after": "2.5"}, 2.5), ({}, 1), ({"Retry-After": "soon"}, 1)],
)
def test_retry_after_is_read_however_it_is_written(headers, wait):
    assert judge(answered({}, 429, **headers)).wait == timedelta(seconds=wait)


def test_the_reason_names_slacks_code_and_what_was_wrong_with_the_blocks():
    failure = answered({"ok": False, "error": "invalid_blocks", "errors": ["must be fewer than 3001 characters"]})
    assert judge(failure).reason == "Slack refused the blocks (invalid_blocks: must be fewer than 3001 characters)"
