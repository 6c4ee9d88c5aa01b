"""A deployment from the request to the rollback, as the people in the channel see it."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.e2e.product import Trial
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def test_somebody_else_says_yes_and_the_channel_sees_it_go_live_fail_and_come_back(
    sit: Sit, trial: Trial
) -> None:
    tom, mei, ana = await sit("U0TOM"), await sit("U0MEI"), await sit("U0ANA")

    # Tom asks, and cannot decide himself.
    await tom.write("/deploy web v1.4.0 to production because the sale starts")
    first = await tom.see("D-1", "asked by Tom")
    await expect(first).to_contain_text("Waiting for approval · web v1.4.0 → production")
    await expect(first).to_contain_text("7 commits since v1.3.9")
    await expect(first).to_contain_text("2 changes: C-2 Round prices in yen, C-1 Faster checkout")
    await expect(first).to_contain_text("Why: the sale starts")
    await expect(first).to_contain_text("Needs 1 approval (not Tom)")
    await tom.press(first, "Approve web v1.4.0")
    await tom.told("somebody else has to decide")
    await expect(first).to_contain_text("Waiting for approval")

    # Mei looks at what ships, approves, and follows it in the thread.
    theirs = mei.card("D-1", "asked by Tom")
    await mei.press(theirs, "What ships")
    await mei.told("feat(checkout): pay in one step (#809)")
    late = {"kind": "status", "status": 429, "retry_after": 3, "method": "chat.update", "channel": "C0DEPLOYS"}
    await trial.play.ask("faults", late)
    await mei.press(theirs, "Approve web v1.4.0")
    # Slack holds the card back for a moment, so that Ana clicks on one that is no longer true.
    await ana.press(ana.card("D-1", "asked by Tom"), "Approve web v1.4.0")
    await ana.told(re.compile(r"web v1\.4\.0 to production (has|is) "))
    await expect(theirs).to_contain_text("Running · web v1.4.0 → production")
    await mei.open_thread(theirs)
    await expect(mei.thread.last).to_contain_text("fetch web v1.4.0")
    await expect(theirs).to_contain_text("Live · web v1.4.0 → production")
    await expect(mei.thread.last).to_contain_text("web v1.4.0 answers in production")
    await expect(first).to_contain_text("approved by Mei")
    await expect(first.get_by_role("button", name="Approve")).to_have_count(0)
    await tom.see("Live · web v1.4.0 → production", "asked by Tom, approved by Mei · 7 commits · C-2 and C-1")

    # The next one fails: the card shows the log and the ways out.
    await tom.write("/deploy web v1.4.1-broken to production")
    second = mei.card("D-2", "asked by Tom")
    await mei.press(second, "Approve web v1.4.1-broken")
    await expect(second).to_contain_text("Failed · web v1.4.1-broken → production")
    await expect(second).to_contain_text("Exit code 3")
    await expect(second).to_contain_text("3 of 3 instances answer 500: KeyError: 'card_form'")
    await expect(second.get_by_role("button", name="Retry web v1.4.1-broken")).to_be_visible()
    await tom.see("Failed · web v1.4.1-broken → production · exit code 3", "@Tom Baker")

    # What was live before needs no second approval: going back is quick, and still asks whether you mean it.
    await mei.press(second, "Roll back to v1.4.0", sure=True)
    back = mei.card("D-3", "Rolls back D-2")
    await expect(back).to_contain_text("Live · web v1.4.0 → production")
    await tom.see("Live · web v1.4.0 → production", "a rollback of D-2")

    await tom.write("/deploy status web")
    await tom.told("web in production: v1.4.0")


async def test_words_that_are_wrong_are_refused_with_what_was_meant(sit: Sit) -> None:
    yuki = await sit("U0YUKI", "general")
    await yuki.write("/deploy web v1.4.0 to produktion")
    await yuki.told("I know no environment “produktion”. Did you mean production?")
    await yuki.write("/deploy wbe v1.4.0 to staging")
    await yuki.told("I know no service “wbe”. Did you mean web?")
    await yuki.write("/deploy web v9.9.9 to staging")
    await yuki.told("v9.9.9")
    await expect(yuki.card("v9.9.9")).to_have_count(0)


async def test_without_words_a_form_asks_and_says_what_is_wrong_with_it(sit: Sit) -> None:
    luis = await sit("U0LUIS", "general")
    await luis.write("/deploy")
    await expect(luis.title).to_have_text("Deploy")
    await luis.choose("service", "pay", "payments")
    await luis.fill("version", "v2.8.9")
    await luis.choose("environment", "sta", "staging")
    await luis.modal.get_by_test_id("modal-submit").click()
    problem = luis.modal.locator("[data-block=version]").get_by_test_id("field-error")
    await expect(problem).to_contain_text("v2.8.9")
    await luis.fill("version", "v2.8.1")
    await luis.submit()
    await luis.go("deploys")
    await luis.see("Live · payments v2.8.1 → staging", "by Luis Ortega and Mei Tanaka")
