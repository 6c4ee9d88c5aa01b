"""What other tools report, let happen from the page's menu: pull requests, pipelines, tests and alerts."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def test_a_change_is_followed_from_its_pull_request_to_its_tests(sit: Sit) -> None:
    ana, tom = await sit("U0ANA", "builds"), await sit("U0TOM", "web")
    card = tom.card("C-1 Faster checkout")

    await ana.happen("Pull request for C-1 opened")
    await expect(card).to_contain_text("In code")
    await ana.happen("Pull request for C-1 merged")
    await expect(card).to_contain_text("In build")

    await ana.happen("Build of web starts")
    await ana.happen("Build of web passes")
    await ana.see("Passed · build · web · main", "Faster checkout (C-1)")
    await ana.happen("Tests of web fail")
    await ana.see("Failed · tests · web · main")

    await ana.write("/build web")
    await ana.told("Passed · web · build #37 on main")
    await ana.write("/test")
    await ana.told("Failed · web · tests #113 on main")
    for name in ("C-1", "#812", "9f3c2a1"):
        await ana.write(f"/where {name}")
        passport = await ana.told("C-1 Faster checkout", "merged web#812")
        await expect(passport).to_contain_text("passed")
        await expect(passport).to_contain_text("failed")


async def test_an_alert_is_one_card_from_its_first_breath_to_its_last(sit: Sit) -> None:
    mei = await sit("U0MEI", "alerts")
    await mei.happen("HighErrorRate fires in three places")
    card = await mei.see("HighErrorRate", "production · critical")
    await expect(card).to_contain_text("Firing")
    await expect(card).to_contain_text("3 alerts since")
    await expect(card.get_by_role("link", name="Runbook")).to_be_visible()

    await mei.press(card, "Acknowledge")
    await expect(card).to_contain_text("Acknowledged")
    await expect(card).to_contain_text("Mei is on it")
    await mei.write("/monitor")
    await mei.told("1 alert open", "Mei is on it")

    await mei.press(card, "Silence…")
    await mei.fill("end", "in 2 h")
    await mei.fill("reason", "the disk is being replaced")
    await mei.submit()
    await mei.write("/loose-ends")
    await mei.told("HighErrorRate", "Mei · until")

    await mei.happen("One of three resolves")
    await mei.happen("HighErrorRate resolves")
    await expect(card).to_contain_text("Resolved")
    await expect(card.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await mei.open_thread(card)
    await expect(mei.thread.nth(1)).to_contain_text("Acknowledged by Mei")
    await expect(mei.thread.last).to_contain_text("Resolved after")
    await expect(mei.card("HighErrorRate")).to_have_count(1)
