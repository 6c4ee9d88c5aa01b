"""A stand-up from its start to the digest, on a clock that is moved past its end."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def test_three_people_answer_or_skip_and_the_channel_gets_a_digest(sit: Sit) -> None:
    ana, tom, mei = await sit("U0ANA", "standup"), await sit("U0TOM", "bot"), await sit("U0MEI", "bot")

    await ana.write("/standup start with @Ana @Tom @Mei @Yuki")
    await ana.told("Stand-up S-1 is open in #standup", "4 people are asked")
    round_ = await ana.see("0 of 4 in")

    # Tom answers by the form that his direct message opens, and says who can unblock him.
    asked = tom.card("Skip today")
    await tom.press(asked, "Answer")
    await tom.fill_labelled("Since last time", "Merged #809")
    await tom.fill_labelled("Next", "The card form")
    await tom.fill_labelled("Blocked by", "staging database is read-only")
    await tom.choose("unblocker", "mei", "Mei")
    await tom.submit()
    await tom.see("You are in", "Edit my answer")

    # Mei skips.
    await mei.press(mei.card("Skip today"), "Skip today")
    await mei.see("You skip", "Answer after all")

    # Ana answers where she is. The parent is true all the while, and holds the answers in its thread.
    await ana.press(ana.card("Stand-up", "of 4 in"), "Answer the stand-up")
    await ana.fill_labelled("Next", "Talk to Priya")
    await ana.submit()
    round_ = await ana.see("2 of 4 in")
    await expect(round_).to_contain_text("skipping: Mei · waiting: Yuki")
    await expect(round_).to_contain_text("staging database is read-only (Tom → Mei)")
    await ana.open_thread(round_)
    await expect(ana.thread).to_have_count(3)
    await expect(ana.thread.filter(has_text="Merged #809")).to_contain_text("Mei can unblock")

    # The window is three hours. Its end closes the round.
    await ana.page.get_by_test_id("clock").click()
    for hours in range(1, 5):
        await ana.page.get_by_test_id("clock-1h").click()
        await expect(ana.page.get_by_test_id("clock-panel")).to_contain_text(f"{hours} h ahead")
    await ana.page.keyboard.press("Escape")
    await ana.see("Stand-up, closed", "2 of 4 in", "not in: Yuki")
    digest = await ana.see("Stand-up digest", "2 of 4 in")
    await expect(digest).to_contain_text("Tom · next: The card form")
    await expect(digest).to_contain_text("staging database is read-only (Tom → Mei)")
    await expect(digest).to_contain_text("not in: Yuki · skipping: Mei")

    # Who comes late is still welcome, and marked.
    yuki = await sit("U0YUKI", "bot")
    await yuki.press(yuki.card("Answer late"), "Answer late")
    await yuki.fill_labelled("Since last time", "Slept well")
    await yuki.submit()
    await yuki.see("You are in, late", "Edit my answer")
    await expect(ana.thread.filter(has_text="Slept well")).to_contain_text("late by")
