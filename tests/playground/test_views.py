"""Modals and Home tabs: triggers, stacks, hashes, submissions and what the bot's answers do."""

from __future__ import annotations

import time
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import Served
from bot.playground.views import TRIGGER_SECONDS
from tests.playground.conftest import Bot, Browser, Json


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def ask(block_id: str, **element: Any) -> Json:
    inside = {"type": "plain_text_input", "action_id": "v"} | element
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": inside}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Deploy"), "submit": plain("Go"), "blocks": list(blocks)} | more


def typed(**values: str) -> Json:
    return {block: {"v": {"type": "plain_text_input", "value": value}} for block, value in values.items()}


async def error_of(call) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


@pytest.fixture
async def opened(bot: Bot, browser: Browser, slack: AsyncWebClient) -> Json:
    """A modal with two fields that Ana has open."""

    @bot.app.command("/form")
    async def form(ack, body):
        await ack()
        view = modal(ask("reason"), ask("where", initial_value="prod"), callback_id="form", notify_on_close=True)
        bot.seen.put_nowait((await slack.views_open(trigger_id=body["trigger_id"], view=view)).data["view"])

    await browser.send("/form")
    return await bot.next()


def answering(bot: Bot, **answer: Any) -> None:
    """Let the bot answer submissions of the form so."""

    @bot.app.view("form")
    async def submitted(ack, body):
        bot.seen.put_nowait(body)
        await ack(**answer)


async def submit(browser: Browser, view: Json, **values: str) -> Json:
    return await browser.post(f"view/{view['id']}/submit", state=typed(**values))


async def test_a_trigger_opens_one_modal_within_three_seconds(
    served: Served, slack: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
):
    views = served.play.views
    view = modal(ask("reason"))
    used, late = views.trigger("U0ANA"), views.trigger("U0ANA")

    assert (
        await error_of(slack.views_open(trigger_id=used, view=view | {"title": plain("x" * 25)}))
        == "invalid_arguments"
    )
    assert (await slack.views_open(trigger_id=used, view=view))["view"]["state"]["values"] == {
        "reason": {"v": {"type": "plain_text_input", "value": None}}
    }
    assert await error_of(slack.views_open(trigger_id=used, view=view)) == "exchanged_trigger_id"
    assert await error_of(slack.views_open(trigger_id="1.2.abc", view=view)) == "invalid_trigger_id"
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + TRIGGER_SECONDS + 0.1)
    assert await error_of(slack.views_open(trigger_id=late, view=view)) == "expired_trigger_id"


async def test_the_stack_holds_three_views(served: Served, slack: AsyncWebClient):
    views = served.play.views
    assert await error_of(slack.views_push(trigger_id=views.trigger("U0ANA"), view=modal())) == "not_found"

    first = (await slack.views_open(trigger_id=views.trigger("U0ANA"), view=modal()))["view"]
    second = (await slack.views_push(trigger_id=views.trigger("U0ANA"), view=modal()))["view"]
    await slack.views_push(trigger_id=views.trigger("U0ANA"), view=modal())

    assert (second["previous_view_id"], second["root_view_id"]) == (first["id"], first["id"])
    assert await error_of(slack.views_push(trigger_id=views.trigger("U0ANA"), view=modal())) == "push_limit_reached"


async def test_an_update_keeps_what_was_typed_and_checks_the_hash(
    opened: Json, browser: Browser, slack: AsyncWebClient
):
    fresh = (await slack.views_update(view_id=opened["id"], view=modal(ask("reason"), ask("new"))))["view"]

    assert fresh["hash"] != opened["hash"]
    assert set(fresh["state"]["values"]) == {"reason", "new"}
    stale = slack.views_update(view_id=opened["id"], hash=opened["hash"], view=modal())
    assert await error_of(stale) == "hash_conflict"
    assert await error_of(slack.views_update(view_id="V0GONE", view=modal())) == "not_found"


async def test_a_submission_carries_typed_initial_and_empty_values(opened: Json, bot: Bot, browser: Browser):
    answering(bot)

    answer = await submit(browser, opened, reason="hotfix")

    assert answer == {"ok": True, "response_action": "clear"}
    values = (await bot.next())["view"]["state"]["values"]
    assert values["reason"]["v"]["value"] == "hotfix"
    assert values["where"]["v"]["value"] == "prod"
    assert (await browser.get("state"))["views"] == []


async def test_a_missing_required_field_never_leaves_the_page(opened: Json, bot: Bot, browser: Browser):
    sent = len(bot.requests)

    answer = await submit(browser, opened, reason="")

    assert answer["errors"] == {"reason": "Please complete this required field."}
    assert len(bot.requests) == sent


async def test_errors_stand_beside_their_fields_and_the_modal_stays(opened: Json, bot: Bot, browser: Browser):
    answering(bot, response_action="errors", errors={"reason": "Say more."})

    answer = await submit(browser, opened, reason="x")

    assert answer == {"ok": True, "response_action": "errors", "errors": {"reason": "Say more."}}
    assert [view["id"] for view in (await browser.get("state"))["views"]] == [opened["id"]]


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nobody": "Say more."}},
        {"response_action": "dance"},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
    ],
)
async def test_an_answer_that_slack_could_not_use_is_a_connection_error(
    opened: Json, bot: Bot, browser: Browser, answer: Json
):
    answering(bot, **answer)

    told = await submit(browser, opened, reason="x")

    assert not told["ok"]
    assert told["text"].startswith("We had some trouble connecting")


async def test_update_and_push_show_another_view(opened: Json, bot: Bot, browser: Browser):
    answering(bot, response_action="update", view=modal(ask("more"), callback_id="form"))
    updated = await submit(browser, opened, reason="x")

    assert updated["response_action"] == "update"
    assert updated["view"]["id"] == opened["id"]

    bot.app._async_listeners.clear()
    answering(bot, response_action="push", view=modal(ask("last"), callback_id="last"))
    pushed = await submit(browser, updated["view"], more="y")

    assert pushed["view"]["previous_view_id"] == opened["id"]
    assert len((await browser.get("state"))["views"]) == 2


async def test_closing_is_told_where_the_view_asked_for_it(opened: Json, bot: Bot, browser: Browser):
    @bot.app.view_closed("form")
    async def closed(ack, body):
        await ack()
        bot.seen.put_nowait(body)

    await browser.post(f"view/{opened['id']}/close", is_cleared=True)

    body = await bot.next()
    assert (body["is_cleared"], body["view"]["state"]) == (True, {"values": {}})
    assert (await browser.post(f"view/{opened['id']}/close"))["error"] == "view_not_found"


async def test_a_modal_belongs_to_one_person(opened: Json, browser: Browser):
    browser.as_ = "U0TOM"

    assert (await submit(browser, opened, reason="x"))["error"] == "view_not_found"
    assert (await browser.get("state"))["views"] == []


async def test_a_dispatching_field_and_an_external_menu_ask_the_bot(
    bot: Bot, browser: Browser, served: Served, slack
):
    menu = {"type": "external_select", "action_id": "svc", "min_query_length": 0}
    view = modal(
        {"type": "input", "block_id": "s", "label": plain("Service"), "element": menu, "dispatch_action": True}
    )
    shown = (await slack.views_open(trigger_id=served.play.views.trigger("U0ANA"), view=view))["view"]
    option = {"text": plain("web"), "value": "web"}

    @bot.app.options("svc")
    async def options(ack, body):
        bot.seen.put_nowait(body["value"])
        await ack(options=[option])

    @bot.app.action("svc")
    async def chosen(ack, body):
        await ack()
        bot.seen.put_nowait(body)

    offered = await browser.post("options", view_id=shown["id"], block_id="s", action_id="svc", value="we")
    state = {"s": {"svc": {"type": "external_select", "selected_option": option}}}
    container = {"type": "view", "view_id": shown["id"]}
    await browser.post(
        "action", container=container, block_id="s", action_id="svc", selected_option=option, state=state
    )

    assert await bot.next() == "we"
    assert offered == {"options": [option]}
    body = await bot.next()
    assert body["actions"][0]["selected_option"] == option
    assert body["view"]["state"]["values"] == state
    assert "channel" not in body


async def test_a_submission_brings_a_response_url_where_a_field_asks_for_it(
    bot: Bot, browser: Browser, served: Served, slack: AsyncWebClient, session
):
    menu = {"type": "conversations_select", "action_id": "v", "response_url_enabled": True}
    view = modal({"type": "input", "block_id": "w", "label": plain("Where"), "element": menu}, callback_id="form")
    shown = (await slack.views_open(trigger_id=served.play.views.trigger("U0ANA"), view=view))["view"]
    answering(bot)

    state = {"w": {"v": {"type": "conversations_select", "selected_conversation": "C0WEB"}}}
    await browser.post(f"view/{shown['id']}/submit", state=state)

    (url,) = (await bot.next())["response_urls"]
    async with session.post(url["response_url"], json={"text": "done", "response_type": "in_channel"}) as response:
        assert response.status == 200
    assert url["channel_id"] == "C0WEB"
    assert (await browser.messages("C0WEB"))[-1]["text"] == "done"


async def test_the_home_tab_is_told_every_time_and_carries_the_view_once_published(
    bot: Bot, browser: Browser, slack: AsyncWebClient
):
    @bot.app.event("app_home_opened")
    async def opened_home(event):
        bot.seen.put_nowait(event)

    home = {"type": "home", "blocks": [{"type": "divider"}]}
    await browser.post("home/open")
    first = await bot.next()
    published = (await slack.views_publish(user_id="U0ANA", view=home))["view"]
    await browser.post("home/open")
    second = await bot.next()

    assert "view" not in first
    assert second["view"]["hash"] == published["hash"]
    assert (await browser.get("home"))["view"]["id"] == published["id"]
    await slack.views_publish(user_id="U0ANA", view=home, hash=published["hash"])
    assert (
        await error_of(slack.views_publish(user_id="U0ANA", view=home, hash=published["hash"])) == "hash_conflict"
    )
    assert await error_of(slack.views_publish(user_id="U0ANA", view=modal())) == "invalid_arguments"
