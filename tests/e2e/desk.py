"""People at their browsers, for end-to-end tests that read as stories."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

PATIENCE_MS = 20_000  # for a busy machine; a page that works needs a tenth of a second
SHORT = {"U0ANA": "Ana", "U0TOM": "Tom", "U0MEI": "Mei", "U0LUIS": "Luis", "U0YUKI": "Yuki"}

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Desk:
    """One person, and the page that they look at."""

    page: Page
    who: str
    url: str
    channels: dict[str, str]  # ids by name; "bot" is the conversation with the bot

    async def go(self, channel: str) -> None:
        """Open a conversation."""
        await self.page.goto(f"{self.url}/?as={self.who}&channel={self.channels[channel]}")
        await self.page.wait_for_selector("body[data-ready=true]")

    async def write(self, text: str) -> None:
        """Type it and send it."""
        field = self.page.get_by_test_id("composer-field")
        await field.fill(f"{text} ")  # the space closes what a name at the end would offer
        await field.press("Enter")
        await expect(field).to_have_value("")

    async def reply(self, text: str) -> None:
        """Say it in the thread that is open."""
        field = self.page.get_by_test_id("thread-composer-field")
        await field.fill(f"{text} ")
        await field.press("Enter")
        await expect(field).to_have_value("")

    def card(self, *texts: str) -> Locator:
        """The message in the conversation that holds all of these."""
        return _holding(self.page.get_by_test_id("timeline"), texts)

    def whisper(self, *texts: str | re.Pattern[str]) -> Locator:
        """As ``card``, of what only this person sees; the newest."""
        shown = self.page.get_by_test_id("timeline").locator("[data-ephemeral=true]")
        for text in texts:
            shown = shown.filter(has_text=text)
        return shown.last

    @property
    def thread(self) -> Locator:
        """The open thread's messages."""
        return self.page.get_by_test_id("thread").get_by_test_id("message")

    @property
    def modal(self) -> Locator:
        return self.page.get_by_test_id("modal")

    @property
    def title(self) -> Locator:
        """The modal's title."""
        return self.page.get_by_test_id("modal-title")

    @property
    def home(self) -> Locator:
        return self.page.get_by_test_id("home-view")

    async def see(self, *texts: str) -> Locator:
        """Wait for the message that holds all of these."""
        found = self.card(*texts)
        await expect(found).to_be_visible()
        return found

    async def told(self, *texts: str | re.Pattern[str]) -> Locator:
        """Wait for a private answer that holds all of these."""
        found = self.whisper(*texts)
        await expect(found).to_be_visible()
        return found

    async def press(self, where: Locator, name: str, *, sure: bool = False) -> None:
        """Press a button there, and confirm it where it asks."""
        await where.get_by_role("button", name=name).click()
        if sure:
            await self.page.get_by_test_id("confirm-yes").click()

    async def open_thread(self, card: Locator) -> None:
        await card.get_by_test_id("open-thread").click()
        await expect(self.page.get_by_test_id("thread")).to_be_visible()

    async def fill(self, name: str, text: str) -> None:
        """Fill a field of the open form, by its name."""
        await self.modal.locator(f"[data-block={name}]").get_by_test_id("field").fill(text)

    async def fill_labelled(self, label: str, text: str) -> None:
        """As ``fill``, by the words that stand over the field."""
        asked = self.modal.get_by_test_id("input").filter(has_text=label)
        await asked.get_by_test_id("field").fill(text)

    async def choose(self, name: str, typed: str, option: str) -> None:
        """Choose from a menu of the open form, typing for it where it has a search field."""
        await self.modal.locator(f"[data-block={name}]").get_by_test_id("select").click()
        search = self.page.get_by_test_id("select-search")
        wanted = self.page.get_by_role("option").filter(has_text=option)
        await expect(wanted.first).to_be_visible()
        if await search.count():
            await search.press_sequentially(typed)
        await wanted.first.click()

    async def submit(self) -> None:
        """Send the form; it closes."""
        await self.page.get_by_test_id("modal-submit").click()
        await expect(self.modal).to_be_hidden()

    async def happen(self, title: str) -> None:
        """Let something happen from the menu."""
        await self.page.get_by_test_id("happenings").click()
        await self.page.get_by_role("menuitem", name=title, exact=True).click()
        await expect(
            self.page.get_by_test_id("toast").filter(has_text=f"{title}. The bot answered 202")
        ).to_have_count(1)

    async def shortcut(self, message: Locator, name: str) -> None:
        """Use a shortcut on a message."""
        await message.hover()
        await message.get_by_test_id("message-more").click()
        await self.page.get_by_test_id("message-shortcut").filter(has_text=name).click()


def _holding(where: Locator, texts: tuple[str, ...]) -> Locator:
    found = where.locator("[data-testid=message]:not([data-ephemeral=true])")
    for text in texts:
        found = found.filter(has_text=text)
    return found
