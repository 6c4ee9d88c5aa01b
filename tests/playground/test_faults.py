"""Slack's bad days on demand, as a bot's HTTP client meets them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.faults import FaultRefusal, Faults
from tests.playground.conftest import Browser


async def texts(browser: Browser) -> list[str]:
    return [message["text"] for message in (await browser.get("messages"))["messages"] if message["from_bot"]]


async def test_429_comes_as_often_as_asked_for_that_channel_only(slack: AsyncWebClient, browser: Browser):
    await browser.post("faults", method="chat.postMessage", channel="C0WEB", status=429, retry_after=7, times=2)

    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await slack.chat_postMessage(channel="C0WEB", text="lost")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "7"
    await slack.chat_postMessage(channel="C0ALERTS", text="elsewhere")
    await slack.chat_postMessage(channel="C0WEB", text="third")

    assert await texts(browser) == ["elsewhere", "third"]


async def test_a_connection_reset_after_the_write_leaves_the_message(slack: AsyncWebClient, browser: Browser):
    await browser.post("faults", kind="reset_after_write", method="chat.postMessage")

    with pytest.raises(aiohttp.ClientError):
        await slack.chat_postMessage(channel="C0WEB", text="written")

    assert await texts(browser) == ["written"]


async def test_a_time_out_after_the_write_leaves_the_message(slack: AsyncWebClient, browser: Browser):
    await browser.post("faults", kind="timeout_after_write", method="chat.postMessage")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await slack.chat_postMessage(channel="C0WEB", text="written")

    assert await texts(browser) == ["written"]


async def test_errors_and_html_pages_come_before_the_write(slack: AsyncWebClient, browser: Browser):
    await browser.post("faults", kind="error", error="channel_not_found")
    await browser.post("faults", status=503)

    with pytest.raises(SlackApiError, match="channel_not_found"):
        await slack.chat_postMessage(channel="C0WEB", text="lost")
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel="C0WEB", text="lost")

    assert caught.value.response.status_code == 503
    assert await texts(browser) == []


async def test_watched_pace_refuses_the_second_post_within_a_second(slack: AsyncWebClient, browser: Browser):
    await browser.post("faults", kind="pace", strict=True)

    await slack.chat_postMessage(channel="C0WEB", text="first")
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel="C0WEB", text="second")
    await slack.chat_postMessage(channel="C0ALERTS", text="elsewhere")

    assert caught.value.response.headers["Retry-After"] == "1"
    assert await texts(browser) == ["first", "elsewhere"]


@pytest.mark.parametrize("wanted", [{"kind": "earthquake"}, {}, {"kind": "error", "times": 0}, {"status": "bad"}])
def test_a_fault_that_makes_no_sense_is_refused(wanted: dict):
    with pytest.raises(FaultRefusal):
        Faults(strict_pace=False).arm(wanted)
