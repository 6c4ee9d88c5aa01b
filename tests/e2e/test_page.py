"""The playground's page in a real browser, against the real playground server and a small Bolt app."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.conftest import OpenPage, Stage
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium")]


async def write(page: Page, text: str) -> None:
    await page.get_by_test_id("composer-field").fill(text)
    await page.get_by_test_id("composer-field").press("Enter")


async def say(page: Page, text: str) -> Locator:
    """Say something that nobody said yet; the message, once it stands there."""
    await write(page, text)
    said = page.get_by_test_id("timeline").get_by_test_id("message").filter(has_text=text)
    await expect(said).to_be_visible()
    return said


def last(page: Page) -> Locator:
    return page.get_by_test_id("timeline").get_by_test_id("message").last


async def deploy_card(page: Page) -> Locator:
    await write(page, "/deploy web v1.4.0")
    card = page.get_by_test_id("timeline").get_by_test_id("message").filter(has_text="Waiting for approval")
    await expect(card).to_be_visible()
    return card


async def test_the_page_says_that_it_is_not_slack(open_page: OpenPage) -> None:
    page = await open_page()
    await expect(page.get_by_test_id("banner")).to_have_text("A local stand-in for a workspace. Not Slack.")
    await expect(page).to_have_title("#deploys · Playground")


async def test_a_message_appears_here_and_on_another_persons_page(open_page: OpenPage) -> None:
    ana, tom = await open_page("U0ANA"), await open_page("U0TOM")
    await write(ana, "Ship *it* <script>alert(1)</script>")
    for page in (ana, tom):
        await expect(last(page)).to_contain_text("Ship it <script>alert(1)</script>")
        await expect(last(page)).to_have_attribute("data-author", "U0ANA")
    await expect(ana.get_by_test_id("composer-field")).to_have_value("")


async def test_enter_counts_also_while_the_last_message_is_under_way(open_page: OpenPage) -> None:
    page = await open_page("U0ANA", "deploys")
    second = asyncio.Event()

    async def hold(route: Route) -> None:
        await second.wait()
        await route.continue_()

    await page.route("**/_play/send", hold)
    await write(page, "first of two in a hurry")
    await write(page, "second of two in a hurry")
    await expect(page.get_by_test_id("composer-field")).to_have_value("")
    second.set()
    await expect(last(page)).to_contain_text("second of two in a hurry")
    said = page.get_by_test_id("timeline").get_by_test_id("message").filter(has_text="of two in a hurry")
    await expect(said).to_have_count(2)
    await expect(said.first).to_contain_text("first of two")


async def test_shift_enter_makes_a_line_and_a_mention_marks_the_channel(open_page: OpenPage, stage: Stage) -> None:
    ana, tom = await open_page("U0ANA", "deploys"), await open_page("U0TOM", "general")
    field = ana.get_by_test_id("composer-field")
    await field.press_sequentially("first")
    await field.press("Shift+Enter")
    await field.press_sequentially("@tom")
    await expect(ana.get_by_test_id("suggestion")).to_contain_text("Tom Baker")
    await field.press("Enter")
    await expect(field).to_have_value("first\n@tom ")
    await field.press("Enter")
    await expect(last(ana).locator(".mention")).to_have_text("@Tom Baker")
    row = tom.locator(f"[data-testid=channel][data-channel={stage.channel_id('deploys')}]")
    await expect(row.get_by_test_id("badge")).to_have_text("1")
    await row.click()
    await expect(row.get_by_test_id("badge")).to_be_hidden()
    await expect(last(tom).locator(".mention-me")).to_have_text("@Tom Baker")


async def test_slash_commands_are_offered_with_their_usage_and_run(open_page: OpenPage) -> None:
    page = await open_page()
    field = page.get_by_test_id("composer-field")
    await field.press_sequentially("/de")
    await expect(page.get_by_test_id("suggestion")).to_contain_text("/deploy <service> <version>")
    await field.press("Tab")
    await expect(page.get_by_test_id("composer").get_by_test_id("usage-hint")).to_contain_text("Put a version live")
    await field.press_sequentially("web v1.4.0")
    await field.press("Enter")
    await expect(last(page)).to_contain_text("Waiting for approval · web v1.4.0")


async def test_a_button_changes_the_message_in_place(open_page: OpenPage) -> None:
    page = await open_page()
    card = await deploy_card(page)
    ts = await card.get_attribute("data-ts")
    await card.get_by_role("button", name="Approve web v1.4.0").click()
    same = page.locator(f"[data-ts='{ts}']")
    await expect(same).to_contain_text("Live · web v1.4.0 · approved by @Ana Keller")
    await expect(same.get_by_test_id("button")).to_have_count(0)


async def test_a_dangerous_button_asks_first(open_page: OpenPage) -> None:
    page = await open_page()
    card = await deploy_card(page)
    rollback = card.get_by_role("button", name="Roll back web")
    await rollback.click()
    await expect(page.get_by_test_id("confirm")).to_contain_text("Roll back web?")
    await page.get_by_test_id("confirm-no").click()
    await expect(page.get_by_test_id("confirm")).to_have_count(0)
    await rollback.click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(page.get_by_text("Rolled back web", exact=True)).to_have_count(1)


async def test_a_modal_shows_problems_keeps_what_was_typed_and_closes_when_right(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_page()
    card = await deploy_card(page)
    await card.get_by_role("button", name="Details").click()
    modal = page.get_by_test_id("modal")
    await expect(modal.get_by_test_id("modal-title")).to_have_text("Start a deploy")
    await expect(modal.get_by_test_id("field")).to_be_focused()
    await modal.get_by_test_id("modal-submit").click()
    await expect(modal.locator("[data-block=version] [data-testid=field-error]")).to_have_text("This is needed.")
    await modal.get_by_test_id("field").fill("v9")
    await modal.get_by_test_id("select").click()
    await modal.get_by_test_id("select-search").press_sequentially("w")
    await modal.get_by_role("option", name="worker").click()
    await modal.get_by_test_id("modal-submit").click()
    problem = modal.locator("[data-block=version] [data-testid=field-error]")
    await expect(problem).to_have_text("No such version. Newest: v1.4.0.")
    await expect(modal.get_by_test_id("select")).to_have_text("worker")
    await modal.get_by_test_id("field").fill("v1.4.0")
    await expect(problem).to_be_hidden()
    await modal.get_by_test_id("field").press("Enter")
    await expect(modal).to_be_hidden()
    assert stage.app.submitted[0]["version"]["v"]["value"] == "v1.4.0"
    assert stage.app.submitted[0]["service"]["service"]["selected_option"]["value"] == "worker"


async def test_escape_closes_a_modal_and_a_reload_brings_an_open_one_back(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_page()
    await page.get_by_test_id("shortcuts").click()
    await page.get_by_test_id("global-shortcut").click()
    await expect(page.get_by_test_id("modal-title")).to_be_visible()
    await page.reload()
    await expect(page.get_by_test_id("modal-title")).to_have_text("Start a deploy")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("modal")).to_be_hidden()
    await expect(page.get_by_test_id("composer-field")).to_be_visible()
    await page.reload()
    await expect(page.locator("body[data-ready=true]")).to_be_attached()
    await expect(page.get_by_test_id("modal")).to_be_hidden()


async def test_replies_stay_in_the_thread_and_are_counted(open_page: OpenPage) -> None:
    page = await open_page()
    message = await say(page, "Who is on call?")
    await message.hover()
    await message.get_by_test_id("reply").click()
    thread = page.get_by_test_id("thread")
    await thread.get_by_test_id("thread-composer-field").fill("Mei, until Thursday")
    await thread.get_by_test_id("thread-composer-field").press("Enter")
    await expect(thread.get_by_test_id("message")).to_have_count(2)
    await expect(thread.get_by_test_id("message").last).to_contain_text("Mei, until Thursday")
    await expect(message.get_by_test_id("open-thread")).to_contain_text("1 reply")
    await expect(page.get_by_test_id("timeline")).not_to_contain_text("Mei, until Thursday")
    await thread.get_by_test_id("close-thread").click()
    await expect(thread).to_be_hidden()


async def test_a_whisper_is_marked_and_seen_by_one_person_only(open_page: OpenPage) -> None:
    ana, tom = await open_page("U0ANA"), await open_page("U0TOM")
    await write(ana, "/secret")
    await expect(last(ana).get_by_test_id("only-you")).to_have_text("Only visible to you")
    await say(ana, "and now aloud")
    await expect(last(tom)).to_contain_text("and now aloud")
    await expect(tom.get_by_text("You alone see")).to_have_count(0)


async def test_a_command_that_times_out_says_so_and_gives_the_words_back(open_page: OpenPage) -> None:
    page = await open_page()
    await write(page, "/slow please")
    await expect(page.get_by_test_id("composer").get_by_test_id("composer-error")).to_contain_text(
        "/slow failed with the error operation_timeout"
    )
    await expect(page.get_by_test_id("composer-field")).to_have_value("/slow please")


async def test_a_message_shortcut_reaches_the_app(open_page: OpenPage) -> None:
    page = await open_page()
    message = await say(page, "Totals are off by one yen")
    await message.hover()
    await message.get_by_test_id("message-more").click()
    await page.get_by_test_id("message-shortcut").click()
    await expect(last(page)).to_contain_text("Made a change of: Totals are off by one yen")


async def test_a_reaction_is_toggled(open_page: OpenPage) -> None:
    page = await open_page()
    message = await say(page, "Done")
    await message.hover()
    await message.get_by_test_id("react").click()
    await page.locator("[data-testid=pick-reaction][data-name=eyes]").click()
    eyes = message.locator("[data-testid=reaction][data-name=eyes]")
    await expect(eyes).to_have_attribute("aria-pressed", "true")
    await eyes.click()
    await expect(eyes).to_have_count(0)


async def test_acting_as_somebody_else_changes_zone_and_author(open_page: OpenPage) -> None:
    page = await open_page("U0ANA")
    await expect(page.get_by_test_id("local-time")).to_contain_text("Berlin")
    await page.get_by_test_id("act-as").click()
    await page.locator("[data-testid=person][data-user=U0MEI]").click()
    await expect(page.get_by_test_id("local-time")).to_contain_text("Tokyo")
    await say(page, "Good night from here")
    await expect(last(page)).to_have_attribute("data-author", "U0MEI")
    assert "as=U0MEI" in page.url


async def test_the_clock_goes_forward_only(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("U0MEI")
    await page.get_by_test_id("clock").click()
    await page.get_by_test_id("clock-1h").click()
    await expect(page.get_by_test_id("clock-panel")).to_contain_text("1 h ahead")
    await page.get_by_test_id("clock-tomorrow").click()
    await expect(page.get_by_test_id("clock-now")).to_have_text("09:00")
    ahead = timedelta(seconds=stage.play.clock.offset_seconds)
    assert timedelta(hours=1) < ahead < timedelta(hours=34)
    await page.get_by_test_id("clock-custom").fill("2020-01-01T09:00")
    await page.get_by_test_id("clock-go").click()
    await expect(page.get_by_test_id("clock-error")).not_to_be_empty()
    await expect(page.get_by_test_id("clock-now")).to_have_text("09:00")


async def test_traffic_shows_both_ways_and_opens_to_json(open_page: OpenPage) -> None:
    page = await open_page()
    await page.get_by_test_id("open-traffic").click()
    await deploy_card(page)
    command = page.locator("[data-testid=traffic-row][data-what='/deploy']")
    await expect(command).to_have_attribute("data-direction", "to_bot")
    await expect(page.locator("[data-testid=traffic-row][data-what='chat.postMessage']")).to_have_attribute(
        "data-direction", "from_bot"
    )
    await command.locator("summary").click()
    await expect(command.locator(".json").first).to_contain_text('"text": "web v1.4.0"')
    await page.get_by_test_id("traffic-filter").fill("chat.post")
    await expect(command).to_have_count(0)


async def test_something_happens(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page()
    await page.get_by_test_id("happenings").click()
    await page.get_by_role("menuitem", name="Tom pushes to web").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("The bot answered 202")
    assert stage.app.delivered == ["github"]


async def test_history_does_not_move_under_a_reader(open_page: OpenPage, stage: Stage) -> None:
    page, tom = await open_page("U0ANA"), await open_page("U0TOM")
    for number in range(40):
        conversation = stage.play.workspace.conversations[stage.channel_id("deploys")]
        stage.play.post(conversation, {"type": "message", "user": "U0TOM", "text": f"line {number}"})
    await expect(last(page)).to_contain_text("line 39")
    timeline = page.get_by_test_id("timeline")
    await timeline.evaluate("node => { node.scrollTop = 300 }")
    await expect(timeline.get_by_test_id("jump")).to_be_hidden()
    await say(tom, "one more")
    await expect(timeline.get_by_test_id("jump")).to_be_visible()
    assert await timeline.evaluate("node => node.scrollTop") == 300
    await timeline.get_by_test_id("jump").click()
    await expect(last(page)).to_be_in_viewport()


async def test_what_was_said_while_the_connection_was_lost_is_fetched(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page()
    stage.play.stream.close()
    await expect(page.get_by_test_id("link-lost")).to_be_visible()
    conversation = stage.play.workspace.conversations[stage.channel_id("deploys")]
    stage.play.post(conversation, {"type": "message", "user": "U0TOM", "text": "said in between"})
    stage.play.stream.closed = False
    await expect(last(page)).to_contain_text("said in between")
    await expect(page.get_by_test_id("link-lost")).to_be_hidden()


async def test_the_home_tab_greets_whoever_acts_and_stays_open(open_page: OpenPage) -> None:
    page = await open_page()
    await page.get_by_role("button", name="Eightbells").click()
    await page.get_by_test_id("tab-home").click()
    await expect(page.get_by_test_id("home-view")).to_contain_text("@Ana Keller")
    await page.keyboard.press("Alt+Digit2")
    await expect(page.get_by_test_id("home-view")).to_contain_text("Good morning, @Tom Baker")


async def test_pictures_from_elsewhere_are_described_and_not_fetched(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page()
    picture = {
        "type": "image",
        "block_id": "a",
        "image_url": "https://pictures.example/x.png",
        "alt_text": "Error rate",
    }
    body = {"type": "message", "user": "U0TOM", "text": "x", "blocks": [picture]}
    stage.play.post(stage.play.workspace.conversations[stage.channel_id("deploys")], body)
    await expect(last(page).get_by_role("link", name="Error rate")).to_be_visible()
    await expect(last(page).locator("img")).to_have_count(0)


async def test_on_a_phone_the_conversations_are_a_drawer(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page(viewport={"width": 390, "height": 844})
    sidebar = page.get_by_test_id("sidebar")
    await expect(sidebar).not_to_be_in_viewport()
    await page.get_by_test_id("open-drawer").click()
    await sidebar.locator(f"[data-channel={stage.channel_id('general')}]").click()
    await expect(page.get_by_test_id("place-title")).to_have_text("#general")
    await expect(sidebar).not_to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


HOSTILE = {
    "&lt;!channel&gt; &amp;lt;b&amp;gt;": "<!channel> &lt;b&gt;",
    "<javascript:alert(1)|click>": "<javascript:alert(1)|click>",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "<https://x.example/?a=1&amp;b=2|a &lt;b&gt;>": "a <b>",
    "snake_case_name and 2*3*4": "snake_case_name and 2*3*4",
    "*bold _both_* ~gone~ `*code*`": "bold both gone *code*",
    "at 10:30:45 :no_such_emoji:": "at 10:30:45 :no_such_emoji:",
}


async def test_mrkdwn_is_shown_as_text_and_never_as_markup(open_page: OpenPage) -> None:
    page = await open_page()
    shown = await page.evaluate(
        """async (texts) => {
            const { mrkdwn } = await import('/static/render.js');
            return texts.map((text) => {
                const box = document.createElement('div');
                box.append(...mrkdwn(text));
                const links = [...box.querySelectorAll('a')].map((link) => [link.protocol, link.rel]);
                return [box.textContent, box.querySelectorAll('img, script, b').length, links];
            });
        }""",
        list(HOSTILE),
    )
    assert [text for text, _, _ in shown] == list(HOSTILE.values())
    assert [count for _, count, _ in shown] == [0] * len(HOSTILE)
    links = [link for _, _, found in shown for link in found]
    assert links == [["https:", "noopener noreferrer"]]


async def test_unknown_blocks_are_labelled_and_mass_mentions_are_loud(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page()
    edited = {"user": "U0TOM", "ts": "1.000000"}
    body = {
        "type": "message",
        "user": "U0TOM",
        "text": "x",
        "edited": edited,
        "blocks": [
            {"type": "hologram", "block_id": "a", "depth": 3},
            {"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": "<!here> look"}},
        ],
    }
    stage.play.post(stage.play.workspace.conversations[stage.channel_id("deploys")], body)
    await expect(last(page).get_by_test_id("unknown-block")).to_contain_text("hologram block")
    await last(page).get_by_test_id("unknown-block").locator("summary").click()
    assert json.loads(await last(page).locator(".json").inner_text()) == body["blocks"][0]
    await expect(last(page).get_by_test_id("mass-mention")).to_have_text("@here")
    await expect(last(page).get_by_test_id("edited")).to_have_text("(edited)")
