"""A stand-up that was set up today and asks tomorrow by itself; a blocker that ends when its pull request is merged."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.e2e.desk import Desk
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def set_up(ana: Desk) -> None:
    """Three people of one zone, at the usual nine o'clock."""
    await ana.write("/standup new")
    await expect(ana.title).to_have_text("New stand-up")
    await ana.fill("name", "Harbor morning")
    for handle, name in (("ana", "Ana"), ("luis", "Luis"), ("nora", "Nora")):
        await ana.choose("people", handle, name)
    await ana.page.keyboard.press("Escape")
    # Whatever weekday it is, it asks tomorrow.
    for day in ("Sat", "Sun"):
        await ana.modal.locator("[data-block=days]").get_by_label(day).check()
    await ana.submit()


async def test_it_asks_tomorrow_at_nine_and_a_merged_pull_request_ends_the_blocker(sit: Sit) -> None:
    ana, luis, nora = await sit("U0ANA", "standup"), await sit("U0LUIS", "bot"), await sit("U0NORA", "bot")
    await set_up(ana)
    await ana.see("Harbor morning")

    await ana.page.get_by_test_id("clock").click()
    await ana.page.get_by_test_id("clock-tomorrow").click()
    await ana.page.keyboard.press("Escape")
    await ana.see("Harbor morning", "0 of 3 in")

    # Luis answers in the form, and waits for a pull request.
    asked = await luis.see("Good morning, Luis", "Harbor morning")
    await luis.press(asked, "Answer")
    await luis.fill_labelled("Next", "The settlement report")
    await luis.fill_labelled("Blocked by", "waiting for harbor/web#812")
    await luis.submit()
    await luis.see("You are in", "Edit my answer")

    # Nora simply writes three lines.
    await nora.see("Good morning, Nora", "Or just write here")
    await nora.write("Answered the yen tickets\nThe help page\nnothing")
    await nora.see("You are in", "Since last time: Answered the yen tickets")

    # Ana answers in the channel, and thinks again.
    await ana.press(ana.card("Harbor morning", "2 of 3 in"), "Answer the stand-up")
    await ana.fill_labelled("Next", "Talk to Priya")
    await ana.submit()
    round_ = await ana.see("Harbor morning", "3 of 3 in")
    await ana.open_thread(round_)
    await expect(ana.thread.filter(has_text="Answered the yen tickets")).to_contain_text("The help page")
    digest = await ana.see("digest", "3 of 3 in")
    await expect(digest).to_contain_text("waiting for harbor/web#812")
    mine = await sit("U0ANA", "bot")
    await mine.press(mine.card("You are in"), "Edit my answer")
    await mine.fill_labelled("Next", "Talk to Priya and Tom")
    await mine.submit()
    await expect(ana.thread.filter(has_text="Talk to Priya and Tom")).to_have_count(1)

    # The pull request is merged: the blocker ends by itself, and Luis is told once.
    await ana.happen("Pull request for C-1 merged")
    await luis.see("web#812", "merged")
