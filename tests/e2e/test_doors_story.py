"""The Home tab, and what an admin sees there of what could not be said; then the same bot over Socket Mode."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Sit, sit_down
from tests.e2e.product import Trial, trying
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def test_what_waits_for_a_person_can_be_done_from_their_home_tab(sit: Sit) -> None:
    luis, tom = await sit("U0LUIS", "bot"), await sit("U0TOM", "general")
    await tom.write("/deploy web v1.3.9 to production")
    await tom.told("it starts when 1 other person says yes")
    await luis.page.get_by_test_id("tab-home").click()
    await expect(luis.home).to_contain_text("Waiting for you (1)")
    await expect(luis.home).to_contain_text("web v1.3.9")
    await luis.home.get_by_role("button", name="Approve").click()
    await expect(luis.modal).to_contain_text("web v1.3.9")  # the answer, as there is no conversation to give it in
    await luis.page.get_by_test_id("modal-close").click()
    await tom.go("deploys")
    await tom.see("D-1", "approved by Luis")
    await luis.page.get_by_test_id("tab-messages").click()
    await luis.page.get_by_test_id("tab-home").click()
    await expect(luis.home).to_contain_text("Waiting for you (0)")
    await expect(luis.home).not_to_contain_text("Dead letters")


async def test_an_admin_sees_what_could_not_be_said_and_has_it_said_again(sit: Sit, trial: Trial) -> None:
    ana, tom = await sit("U0ANA", "bot"), await sit("U0TOM", "releases")
    fault = {"kind": "error", "error": "channel_not_found", "method": "chat.postMessage", "channel": "C0WEB"}
    await trial.play.ask("faults", fault | {"times": 1})
    await tom.write("/plan add Louder bell in web")
    await tom.told("Louder bell is planned")

    async with asyncio.timeout(
        20
    ):  # a Home tab waits for no message, so it may be drawn before this one has failed
        await ana.page.get_by_test_id("tab-home").click()
        while "Dead letters (1)" not in await ana.home.inner_text():
            await ana.page.wait_for_timeout(300)
            await ana.page.get_by_test_id("tab-home").click()
    await expect(ana.home).to_contain_text("channel_not_found")
    await ana.home.get_by_role("button", name="Try message again").click()
    await expect(ana.home).to_contain_text("Dead letters (0)")
    await tom.go("web")
    await tom.see("Planned", "Louder bell")


async def test_over_socket_mode_commands_buttons_and_forms_work_as_over_http(
    browser: Browser, tmp_path: Path
) -> None:
    complaints: list[str] = []
    async with trying(tmp_path, "--socket-mode") as trial:
        tom = await sit_down(browser, trial, complaints, "U0TOM", "deploys")
        mei = await sit_down(browser, trial, complaints, "U0MEI", "deploys")
        await expect(tom.page.get_by_test_id("mode")).to_have_attribute("data-mode", "socket")
        await tom.write("/deploy web v1.4.0 to production")
        card = mei.card("D-1", "asked by Tom")
        await mei.press(card, "Approve web v1.4.0")
        await expect(card).to_contain_text("Live · web v1.4.0 → production")
        await tom.write("/plan add")
        await tom.fill("title", "Audit export")
        await tom.submit()
        await tom.told("Audit export is planned")
        for desk in (tom, mei):
            await desk.page.context.close()
    assert complaints == []
