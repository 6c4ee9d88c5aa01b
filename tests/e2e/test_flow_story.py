"""Plan, code, manage and the board over them, by every door: command, form, shortcut, mention, direct message, Home."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.e2e.product import Trial, eventually
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def test_a_change_is_planned_by_a_form_coded_held_up_and_found(sit: Sit, trial: Trial) -> None:
    tom, mei = await sit("U0TOM", "web"), await sit("U0MEI", "bot")

    # Without words, a form asks.
    await tom.write("/plan add")
    await tom.fill("title", "Audit export")
    await tom.fill("goal", "One file per month for the auditors")
    await tom.fill("benefit", "an audit takes 2 days instead of 5")
    await tom.choose("service", "pay", "payments")
    await tom.choose("owner", "luis", "Luis")
    await tom.submit()
    await tom.go("general")
    card = await tom.see("C-3 Audit export", "payments", "planned by Tom")
    await expect(card).to_contain_text("Planned")
    await expect(card).to_contain_text("Hoped for: an audit takes 2 days instead of 5")
    await expect(card).to_contain_text("Owner Luis")

    await tom.write("/code start C-3")
    await tom.told("C-3 Audit export is in code, with Luis")
    await expect(card).to_contain_text("In code · C-3")

    await tom.write("/code blocker staging database is read-only on @Mei for C-3")
    await tom.told("B-1 is in", "Mei is asked")

    await tom.write("/where C-3")
    passport = await tom.told("C-3 Audit export · in code", "hoped for: an audit takes 2 days instead of 5")
    await expect(passport).to_contain_text("planned · Tom")
    await expect(passport).to_contain_text("moved to code · Tom")

    await tom.write("/flow")
    board = await tom.told("The flow", "C-3 Audit export")
    await expect(board).to_contain_text("plan 2 → code 1")

    await tom.write("/loose-ends")
    await tom.told("B-1", "staging database is read-only", "since")

    # Mei hears of it in her working hours, whenever those are from here, and makes an end of it.
    async def asked() -> bool:
        await trial.play.ask("clock", {"advance_seconds": 2 * 3600})
        return bool(await mei.card("you can change that", "holds C-3 up").count())

    await eventually("Mei is asked", asked)
    await mei.press(mei.card("you can change that"), "B-1 is unblocked")
    await mei.see("Unblocked", "closed by Mei")
    await tom.write("/loose-ends")
    await tom.told("No loose ends")


async def test_a_message_becomes_a_change_or_feedback_by_its_shortcut(sit: Sit) -> None:
    nora = await sit("U0NORA", "support")
    said = await nora.see("why prices in yen show decimals")
    await nora.shortcut(said, "File as feedback")
    await expect(nora.modal.locator("[data-block=text]").get_by_test_id("field")).to_have_value(
        "Three customers asked today why prices in yen show decimals."
    )
    await nora.choose("service", "web", "web")
    await nora.submit()
    await nora.shortcut(said, "Make this a change")
    await expect(nora.modal.locator("[data-block=goal]").get_by_test_id("field")).to_have_value(
        "Three customers asked today why prices in yen show decimals."
    )
    await nora.fill("title", "Yen without decimals")
    await nora.submit()
    await nora.write("/manage list")
    await nora.told("F-1", "why prices in yen show decimals")
    await nora.write("/plan list")
    await nora.told("C-4 Yen without decimals")


async def test_a_mention_in_a_thread_does_what_the_command_does_and_answers_only_whoever_asked(sit: Sit) -> None:
    yuki, tom = await sit("U0YUKI", "web"), await sit("U0TOM", "web")
    for desk in (yuki, tom):
        await desk.open_thread(desk.card("Checkout in one step is merged"))
    await yuki.reply("@Eightbells where C-1")
    await expect(yuki.thread.last).to_contain_text("C-1 Faster checkout · in plan")
    await expect(yuki.thread.last.get_by_test_id("only-you")).to_be_visible()
    await expect(tom.thread.last).to_contain_text("where C-1")

    # What a command does for everybody, a mention does for everybody too.
    await yuki.reply("@Eightbells plan add Focus ring on the pay button in web")
    await expect(yuki.thread.last).to_contain_text("Focus ring on the pay button is planned")
    await yuki.see("Planned · C-", "Focus ring on the pay button", "web")


async def test_words_in_a_direct_message_are_commands(sit: Sit) -> None:
    yuki = await sit("U0YUKI", "bot")
    await yuki.write("where C-1")
    await yuki.see("C-1 Faster checkout · in plan")
    await yuki.write("wher C-1")
    await yuki.see("Did you mean")


async def test_text_that_tries_to_ping_or_to_break_out_is_shown_as_text(sit: Sit) -> None:
    tom = await sit("U0TOM", "general")
    await tom.write('/plan add "<!channel> & {{ 7*7 }} <https://evil.example|click>" goal <!here>')
    card = await tom.see("Planned", "{{ 7*7 }}")
    await expect(card).to_contain_text("<!channel> & {{ 7*7 }} <https://evil.example|click>")
    await expect(card.get_by_test_id("mass-mention")).to_have_count(0)
    await expect(card.get_by_role("link", name="click")).to_have_count(0)
