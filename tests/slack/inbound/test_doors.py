"""Every door of the edge over HTTP: what a person does, what they see, what happens once."""

import asyncio
import json
import time
from datetime import timedelta

import pytest

from bot.core.command import Door
from bot.core.team import Rule
from bot.slack.inbound import doors
from bot.storage.engine.errors import StorageUnavailable
from tests.fakes import ANA, GUS
from tests.slack.inbound.edge_world import running


async def test_a_slash_command_calls_its_verb_and_answers_in_the_ack():
    async with running() as edge:
        ack = await edge.slash("/deploy web v1 to staging because it is time")
        assert ack["response_type"] == "ephemeral"
        assert "('reason', 'it is time')" in ack["text"]
        call = edge.used[0]
        assert (call.by, call.door, call.channel_id) == (ANA, Door.SLASH, "C0GENERAL")
        assert call.args == {"service": "web", "version": "v1", "environment": "staging", "reason": "it is time"}


async def test_a_verb_that_says_nothing_is_acknowledged():
    async with running() as edge:
        assert await edge.slash("/deploy quiet") is None


async def test_the_same_slash_command_delivered_twice_is_done_once():
    async with running() as edge:
        await edge.slash("/deploy quiet", trigger="1.same")
        await edge.slash("/deploy quiet", trigger="1.same", api_app_id="A1")
        assert len(edge.used) == 1


async def test_a_read_only_verb_leaves_no_receipt():
    async with running() as edge:
        await edge.slash("/deploy status")
        assert edge.unit.opened == 0


async def test_an_incomplete_line_opens_the_form_filled_with_what_was_given():
    async with running() as edge:
        assert await edge.slash("/deploy web to production") is None
        view = edge.slack.named("views.open")[0]["view"]
        assert view["callback_id"] == "deploy"
        by_name = {block["block_id"]: block for block in view["blocks"]}
        assert by_name["service"]["element"]["initial_option"]["value"] == "web"
        assert by_name["environment"]["element"]["initial_option"]["value"] == "production"
        assert by_name["version"]["optional"] is False
        assert by_name["reason"]["optional"] is True


async def test_a_sent_form_calls_the_verb_and_answers_where_it_was_opened():
    async with running() as edge:
        await edge.slash("/plan add")
        view = edge.slack.named("views.open")[0]["view"]
        answers = {"title": "Faster\u200b checkout", "owner": "U0TOM", "due": "2026-12-31", "start": "in 2 h"}
        assert await edge.submit(view, answers) is None
        args = edge.used[0].args
        assert (args["title"], args["owner"], str(args["due"])) == ("Faster checkout", "U0TOM", "2026-12-31")
        assert (args["start"] - edge.used[0].at).total_seconds() == 7200
        assert edge.used[0].channel_id == "C0GENERAL"
        await edge.settle()
        assert edge.slack.named("chat.postEphemeral")[0]["channel"] == "C0GENERAL"


async def test_where_the_bot_is_not_in_the_channel_the_answer_comes_directly():
    async with running() as edge:
        edge.slack.errors["chat.postEphemeral"] = "not_in_channel"
        await edge.slash("/plan add")
        await edge.submit(edge.slack.named("views.open")[0]["view"], {"title": "X"})
        await edge.settle()
        assert edge.slack.named("chat.postMessage")[0]["channel"] == "U0ANA"


async def test_a_form_shows_each_mistake_at_its_field_and_stays_open():
    async with running() as edge:
        await edge.slash("/plan add")
        view = edge.slack.named("views.open")[0]["view"]
        ack = await edge.submit(view, {"title": " ", "due": "2020-01-01", "start": "never"})
        assert ack["response_action"] == "errors"
        assert set(ack["errors"]) == {"title", "due", "start"}
        assert ack["errors"]["title"] == "Fill this in."
        assert "in the past" in ack["errors"]["due"]
        assert edge.used == []


async def test_a_form_that_is_corrected_after_a_refusal_is_not_taken_for_a_repeat():
    async with running(policy=(Rule("policy.1", ("deploy",), ("production",), ("release",)),)) as edge:
        await edge.slash("/deploy", by="U0TOM")
        view = edge.slack.named("views.open")[0]["view"]
        answers = {"service": "web", "version": "v1", "environment": "production"}
        ack = await edge.submit(view, answers, by="U0TOM")
        assert "policy.1: deploy in production is for the release role" in ack["errors"]["service"]
        assert await edge.submit(view, answers | {"environment": "staging"}, by="U0TOM") is None
        assert len(edge.used) == 1


async def test_a_form_of_the_verbs_own_comes_back_with_what_it_carries():
    async with running() as edge:
        await edge.slash("/deploy edit")
        view = edge.slack.named("views.open")[0]["view"]
        assert await edge.submit(view, {"notes": "new", "size": "three"}) == {
            "response_action": "errors",
            "errors": {"size": "“three” is no whole number. Write it in digits, such as 3."},
        }
        assert await edge.submit(view, {"notes": "new", "size": "3"}) is None
        assert edge.used[-1].args == {"id": "R-1", "notes": "new", "size": 3}


async def test_a_button_is_a_call_with_its_words_and_answers_privately():
    async with running() as edge:
        assert await edge.press("deploy.approve", "D-12", by="U0LUIS") is None
        call = edge.used[0]
        assert (call.args, call.by.id, call.door) == ({"id": "D-12"}, "U0LUIS", Door.BUTTON)
        assert (call.on.ts, call.on.author_id) == ("1760000000.000100", "U0BELLS")
        await edge.settle()
        answer = edge.slack.named("response_url")[0]
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)


async def test_the_second_button_of_a_kind_in_a_row_is_the_same_verb():
    async with running() as edge:
        await edge.press("deploy.approve#2", "D-13")
        assert edge.used[0].args == {"id": "D-13"}


async def test_a_click_delivered_twice_is_done_once_and_a_second_click_is_another():
    async with running() as edge:
        await edge.press("deploy.approve", "D-1", at="1.0")
        await edge.press("deploy.approve", "D-1", at="1.0")
        await edge.press("deploy.approve", "D-1", at="2.0")
        await edge.settle()
        assert len(edge.used) == 2
        assert len(edge.slack.named("response_url")) == 2


async def test_a_stale_card_is_answered_privately_with_the_state_as_it_is():
    async with running() as edge:
        await edge.press("deploy.refuse", "D-1")
        await edge.settle()
        assert edge.said() == ["D-1 is live already."]


@pytest.mark.parametrize(
    ("action", "value"), [("deploy.gone", "1"), ("view_runbook", ""), ("deploy.approve", "x y")]
)
async def test_a_button_from_another_version_is_answered_for(action, value):
    async with running() as edge:
        assert await edge.press(action, value) is None
        await edge.settle()
        assert len(edge.said()) == 1
        assert edge.used == []


@pytest.mark.parametrize(
    "value", ["D-1 D-2", "D-1\nD-2", "D-1; approve D-2", "R-1", "d", "D-", "../D-1", "{{ 1 }}", "%00", "x" * 2000]
)
@pytest.mark.parametrize(
    "action", ["deploy.approve", "deploy.approve#2", "approve", "plan.approve", "deploy.__init__", "deploy"]
)
async def test_a_tampered_value_does_nothing_but_get_a_refusal(action, value):
    async with running() as edge:
        assert await edge.press(action, value) is None
        await edge.settle()
        assert edge.used == []
        (said,) = edge.said()
        assert "Something broke" not in said


async def test_of_a_value_with_more_in_it_than_ours_have_only_what_the_verb_declares_counts():
    async with running() as edge:
        await edge.press("deploy.approve", "D-1")
        await edge.press("deploy.approve", "D-1 because by:U0ADMIN role:admins", at="2.0")
        await edge.settle()
        assert [call.args for call in edge.used] == [{"id": "D-1"}]
        assert {call.by for call in edge.used} == {ANA}


@pytest.mark.parametrize("action", ["link", "link#2"])
async def test_a_button_that_only_opens_an_address_is_acknowledged_in_silence(action):
    async with running() as edge:
        assert await edge.press(action) is None
        await edge.settle()
        assert edge.said() == []


async def test_a_button_in_the_home_tab_answers_in_a_window():
    async with running() as edge:
        view = {"id": "V1", "type": "home", "private_metadata": ""}
        await edge.press(
            "deploy.approve",
            "D-1",
            channel=None,
            message=None,
            container={"type": "view"},
            response_url="",
            view=view,
        )
        await edge.settle()
        assert edge.slack.named("views.open")[0]["view"]["type"] == "modal"


async def test_the_policy_is_asked_again_at_the_click():
    async with running(policy=(Rule("policy.1", ("deploy.approve",), (), ("release",)),)) as edge:
        await edge.press("deploy.approve", "D-1", by="U0TOM")
        await edge.settle()
        assert edge.used == []
        assert edge.said()[0].startswith("policy.1: deploy.approve is for the release role.")


async def test_a_guest_may_do_nothing_and_help_shows_them_nothing():
    async with running() as edge:
        assert "you are a guest" in (await edge.slash("/deploy status", by=GUS.id))["text"]
        assert "Ask for a deployment" not in (await edge.slash("/deploy help", by=GUS.id))["text"]
        assert "you are from another workspace" in (await edge.slash("/deploy", by="U9NOBODY"))["text"]
        assert edge.used == []


async def test_help_is_made_from_the_declarations():
    async with running() as edge:
        text = (await edge.slash("/deploy help"))["text"]
        assert (
            "/deploy <service> <version> to <environment> [because <reason>]".replace("<", "&lt;").replace(
                ">", "&gt;"
            )
            in text
        )
        assert "approve" not in text
        assert "from when" in (await edge.slash("/plan help add"))["text"]


async def test_a_message_shortcut_opens_the_form_with_the_messages_words():
    async with running() as edge:
        await edge.interact(
            {
                "type": "message_action",
                "callback_id": "plan.add",
                "channel": {"id": "C0GENERAL"},
                "message": {"ts": "1.2", "user": "U0TOM", "text": "prices &lt; 0,\nsays <@U0TOM>"},
            }
        )
        view = edge.slack.named("views.open")[0]["view"]
        assert view["blocks"][0]["element"]["initial_value"] == "prices < 0, says @Tom"
        await edge.submit(view, {"title": "prices"})
        on = edge.used[0].on
        assert (on.channel_id, on.ts, on.author_id) == ("C0GENERAL", "1.2", "U0TOM")


async def test_a_mention_does_what_the_slash_command_does_and_answers_in_the_thread():
    async with running() as edge:
        assert await edge.mention("deploy web v1 to staging", thread_ts="1759999999.000100") == 200
        await edge.settle()
        assert edge.used[0].args["service"] == "web"
        assert edge.used[0].door is Door.MENTION
        answer = edge.slack.named("chat.postEphemeral")[0]
        assert (answer["channel"], answer["user"], answer["thread_ts"]) == (
            "C0GENERAL",
            "U0ANA",
            "1759999999.000100",
        )


async def test_a_direct_message_needs_no_mention_and_is_answered_there():
    async with running() as edge:
        await edge.mention("deploy status", direct=True)
        await edge.settle()
        assert edge.slack.named("chat.postMessage")[0]["channel"] == "D0ANA"


async def test_a_mention_that_lacks_words_is_told_the_line_since_no_form_can_open():
    async with running() as edge:
        await edge.mention("deploy web")
        await edge.settle()
        assert "Something is missing: &lt;version&gt;, &lt;environment&gt;." in edge.said()[0]
        assert edge.slack.named("views.open") == []


async def test_one_mention_that_arrives_as_two_events_or_again_is_handled_once():
    async with running() as edge:
        await edge.mention("deploy status")
        await edge.mention("deploy status")
        await edge.mention("deploy status", channel_type="channel", type="message")
        await edge.settle()
        assert len(edge.used) == 1
        assert len(edge.said()) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"edited": {"user": "U0ANA", "ts": "1"}},
        {"user": "U0BELLS", "bot_id": "B0BELLS"},
        {"channel_type": "channel", "type": "message"},
    ],
)
async def test_what_nobody_said_to_us_is_acknowledged_and_left(more):
    async with running() as edge:
        assert await edge.mention("deploy quiet", **more) == 200
        await edge.settle()
        assert edge.used == []
        assert edge.said() == []


async def test_another_bot_gets_no_answer_so_that_two_never_talk_for_ever():
    async with running() as edge:
        await edge.mention("what is this", by="U0OTHER", bot_id="B0OTHER")
        await edge.settle()
        assert edge.said() == []


async def test_opening_the_home_tab_has_it_drawn():
    async with running() as edge:
        await edge.event({"type": "app_home_opened", "user": "U0ANA", "tab": "messages"})
        await edge.event({"type": "app_home_opened", "user": "U0ANA", "tab": "home"}, id="Ev2")
        assert edge.homes == ["U0ANA"]


async def test_other_events_reach_the_directory():
    async with running() as edge:
        assert await edge.event({"type": "user_change", "user": {"id": "U1"}}) == 200
        assert edge.people.events == [{"type": "user_change", "user": {"id": "U1"}}]


async def test_a_bug_gives_a_reference_privately_and_the_log_has_the_traceback(capsys):
    async with running() as edge:
        text = (await edge.slash("/deploy break"))["text"]
        assert "Something broke on our side (ref " in text
        assert "hunter2" not in text
        reference = text.split("(ref ")[1][:8]
        shown = capsys.readouterr().out
        assert reference in shown
        assert "RuntimeError" in shown


async def test_an_answer_that_cannot_be_rendered_still_acknowledges():
    async with running() as edge:
        assert "Something broke on our side" in (await edge.slash("/deploy missing"))["text"]
        await edge.mention("deploy missing")
        await edge.settle()


async def test_a_conflict_is_tried_again():
    async with running() as edge:
        assert (await edge.slash("/deploy contend"))["text"].startswith("try/ok")
        assert len(edge.used) == 3


async def test_what_is_not_stored_is_not_claimed():
    async with running() as edge:
        edge.unit.fails = [StorageUnavailable("disk full") for _ in range(4)]
        assert "nothing was done" in (await edge.slash("/deploy quiet", trigger="1.t"))["text"]
        assert await edge.mention("deploy quiet") == 503
        await edge.press("deploy.approve", "D-1")
        await edge.settle()
        assert "nothing was done" in edge.said()[0]
        await edge.slash("/deploy edit")
        edge.unit.fails = []
        # The event comes again, and this time it is kept.
        assert await edge.mention("deploy quiet", thread_ts="1.0") == 200


async def test_a_form_that_cannot_be_stored_stays_open():
    async with running() as edge:
        await edge.slash("/plan add")
        edge.unit.fails = [StorageUnavailable("locked")]
        ack = await edge.submit(edge.slack.named("views.open")[0]["view"], {"title": "X"})
        assert "nothing was done" in ack["errors"]["title"]


@pytest.mark.parametrize("error", ["expired_trigger_id", "trigger_exchanged"])
async def test_a_form_that_slack_will_not_open_any_more_is_explained(error):
    async with running() as edge:
        edge.slack.errors["views.open"] = error
        assert "within 3 s of your click" in (await edge.slash("/deploy"))["text"]


async def test_an_unknown_command_is_acknowledged_with_what_there_is():
    async with running() as edge:
        assert "I have no command /nope. I have /deploy, /plan." in (await edge.slash("/nope"))["text"]


async def test_the_prefix_renames_every_command():
    async with running(prefix="ops-") as edge:
        assert "I have no command /deploy" in (await edge.slash("/deploy status"))["text"]
        assert (await edge.slash("/ops-deploy status"))["text"].startswith("try/status")


async def test_services_are_completed_in_a_select():
    async with running() as edge:
        payload = {"type": "block_suggestion", "action_id": "service", "block_id": "service", "value": "Pay"}
        payload |= {"view": {"callback_id": "deploy"}}
        ack = await edge.interact(payload)
        assert [option["value"] for option in ack["options"]] == ["payments"]
        ack = await edge.interact(payload | {"value": ""})
        assert [option["value"] for option in ack["options"]] == ["web", "payments"]
        assert await edge.interact(payload | {"action_id": "else"}) == {"options": []}


async def test_a_call_that_takes_too_long_is_acknowledged_and_answered_afterwards(monkeypatch):
    monkeypatch.setattr(doors, "ACK_WITHIN", timedelta(0))
    async with running() as edge:
        assert await edge.slash("/deploy slow") is None
        assert edge.said() == []
        edge.gate.set()
        await edge.settle()
        assert edge.said()[0].startswith("try/slow")


async def test_a_form_that_comes_too_late_to_be_opened_is_explained(monkeypatch):
    monkeypatch.setattr(doors, "ACK_WITHIN", timedelta(0))
    async with running() as edge:
        edge.slack.errors["views.open"] = "expired_trigger_id"
        edge.gate.clear()
        assert await edge.slash("/deploy slow form") is None
        edge.gate.set()
        await edge.settle()
        assert "within 3 s of your click" in edge.said()[0]


async def test_stopping_finishes_what_is_under_way_and_takes_nothing_more():
    async with running() as edge:
        slow = asyncio.create_task(edge.slash("/deploy slow"))
        while not edge.edge.doors.busy:
            await asyncio.sleep(0)
        stopping = asyncio.create_task(edge.edge.stop())
        await asyncio.sleep(0)
        assert await edge.mention("deploy quiet") == 503
        edge.gate.set()
        assert (await slow)["text"].startswith("try/slow")
        await stopping
        assert edge.used == []


async def test_a_replayed_gesture_is_refused_and_does_nothing_again():
    async with running() as edge:
        body = "command=%2Fdeploy&text=quiet&user_id=U0ANA&trigger_id=1.r&channel_id=C1"
        stamp = int(time.time())
        assert (await edge.post(body, stamp=stamp))[0] == 200
        assert (await edge.post(body, stamp=stamp, headers={"X-Slack-Retry-Num": "1"}))[0] == 401
        assert len(edge.used) == 1


async def test_a_response_url_never_reaches_the_log(capsys):
    async with running() as edge:
        await edge.press("deploy.approve", "D-1", response_url="http://127.0.0.1:1/secret-path")
        await edge.settle()
        shown = capsys.readouterr().out
        assert "response_url unreachable" in shown
        assert "secret-path" not in shown
        assert json.dumps(edge.slack.named("chat.postEphemeral")).count("D-1") == 1


async def test_metadata_that_is_nested_too_deeply_is_not_ours():
    async with running() as edge:
        view = {"id": "V1", "type": "home", "private_metadata": "[" * 2_900}
        await edge.press("deploy.approve", "D-1", view=view)
        await edge.settle()
        assert len(edge.used) == 1
