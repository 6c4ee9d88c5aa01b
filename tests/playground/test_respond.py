"""response_urls: how often, how long, and what they refuse."""

from __future__ import annotations

import pytest

from bot.playground.server import Served
from tests.playground.conftest import Bot, Browser


async def test_a_response_url_works_five_times_and_for_half_an_hour(
    served: Served, bot: Bot, browser: Browser, session
):
    @bot.app.command("/deploy")
    async def deploy(ack, body):
        bot.seen.put_nowait(body["response_url"])
        await ack()

    await browser.send("/deploy web")
    url = await bot.next()
    answers = []
    for _ in range(6):
        async with session.post(url, json={"text": "more"}) as response:
            answers.append((response.status, await response.text()))
    await browser.send("/deploy web")
    served.play.clock.advance(30 * 60 + 1)
    async with session.post(await bot.next(), json={"text": "late"}) as response:
        late = (response.status, await response.text())

    assert answers == [(200, "ok")] * 5 + [(404, "used_url")]
    assert late == (404, "expired_url")


@pytest.mark.parametrize(
    ("body", "told"),
    [("{", "invalid_payload"), ("{}", "no_text"), ('{"blocks": [{"type": "x"}]}', "invalid_blocks")],
)
async def test_a_response_url_refuses_what_slack_refuses(bot: Bot, browser: Browser, session, body: str, told: str):
    @bot.app.command("/deploy")
    async def deploy(ack, body):
        bot.seen.put_nowait(body["response_url"])
        await ack()

    await browser.send("/deploy web")
    async with session.post(await bot.next(), data=body) as response:
        assert (response.status, await response.text()) == (400, told)
