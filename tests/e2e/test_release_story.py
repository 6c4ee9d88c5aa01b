"""Release notes from the commits of a real repository, edited and published."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]


async def test_notes_are_drafted_from_commits_edited_and_published(sit: Sit) -> None:
    ana = await sit("U0ANA", "general")
    await ana.write("/release draft web")
    await ana.told("R-1 · notes for web are being drafted")

    await ana.go("bot")
    draft = await ana.see("Draft · notes of web v1.4.0")
    await expect(draft).to_contain_text("7 commits since v1.3.9")
    await expect(draft).to_contain_text("Checkout: pay in one step (#809)")
    await expect(draft).to_contain_text("C-1 Faster checkout")

    await ana.press(draft, "Edit notes")
    await expect(ana.title).to_have_text("Notes R-1")
    words = ana.modal.locator("[data-testid=input]").filter(has_text="For engineers").get_by_test_id("field")
    before = await words.input_value()
    features = "# Features\nCheckout: pay in one step (#809)\nCurrency: add the column for it (#801)\n"
    assert features in before
    await words.fill(before.replace(features, "# Features\nCheckout takes one step instead of three.\n"))
    await ana.submit()
    await expect(draft).to_contain_text("Checkout takes one step instead of three.")

    await ana.press(draft, "Publish web v1.4.0", sure=True)
    await ana.told("The notes of web v1.4.0 are in #releases")
    published = await ana.see("Published · notes of web v1.4.0", "edited by Ana")
    await expect(published.get_by_role("button", name="Publish")).to_have_count(0)

    tom = await sit("U0TOM", "releases")
    notes = await tom.see("What’s new in web v1.4.0")
    await expect(notes).to_contain_text("Checkout takes one step instead of three.")
    await expect(notes).to_contain_text("Currency: no decimals in yen & won (#812)")
    await expect(notes).not_to_contain_text("Currency: add the column for it")

    # Once is enough, whichever way it is asked for again.
    await ana.write("/release publish R-1")
    await ana.told("R-1", "published by Ana")
    await expect(tom.card("What’s new in web v1.4.0")).to_have_count(1)


async def test_only_who_may_publish_publishes(sit: Sit) -> None:
    priya = await sit("U0PRIYA", "bot")
    await priya.write("/release draft payments")
    draft = await priya.see("Draft · notes of payments v2.8.1")
    await priya.press(draft, "Publish payments v2.8.1", sure=True)
    await priya.told("release")
    await expect(draft).to_contain_text("Draft")


async def test_notes_of_what_is_rolled_back_say_so_where_they_were_read(sit: Sit) -> None:
    tom, mei, reader = await sit("U0TOM"), await sit("U0MEI"), await sit("U0YUKI", "releases")
    notes = await reader.see("What’s new in web v1.4.0")
    for version in ("v1.3.9", "v1.4.0"):
        await tom.write(f"/deploy web {version} to production")
        card = mei.card(f"web {version} → production", "asked by Tom").last
        await mei.press(card, f"Approve web {version}")
        await expect(card).to_contain_text(f"Live · web {version} → production")

    back = mei.page.get_by_role("button", name="Roll back to v1.3.9")
    await mei.press(mei.card("web v1.4.0 → production").filter(has=back), "Roll back to v1.3.9", sure=True)

    await expect(notes).to_contain_text("Correction · web v1.4.0 was rolled back at")
    await expect(notes).to_contain_text("the items struck through are not live")
    await expect(notes.locator("s, del").first).to_contain_text("orders carry their currency")
    await reader.open_thread(notes)
    await expect(reader.thread.last).to_contain_text("Not live:")
