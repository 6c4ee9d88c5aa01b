"""What is signed and still not for us: another workspace's, another organisation's, another app's."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError

from bot.slack.inbound import Identity
from bot.slack.installation import is_for
from tests.slack.inbound.edge_world import running

US = Identity("T1", "U0BELLS", "B0BELLS", app_id="A1")
IN_GRID = replace(US, enterprise_id="E1")
ORG_WIDE = replace(IN_GRID, is_org_wide=True)
OURS = {"team_id": "T1", "api_app_id": "A1"}


def granted(team: str | None, enterprise: str | None = None) -> dict[str, Any]:
    return {"authorizations": [{"team_id": team, "enterprise_id": enterprise, "is_enterprise_install": not team}]}


@pytest.mark.parametrize(
    ("identity", "body", "for_us"),
    [
        (US, OURS, True),
        (US, OURS | {"team_id": "T2"}, False),
        (US, OURS | {"api_app_id": "A2"}, False),
        (replace(US, app_id=""), OURS | {"api_app_id": "A2"}, True),
        (US, {"team": {"id": "T1"}, "api_app_id": "A1"}, True),
        (US, {"team": {"id": "T2"}, "api_app_id": "A1"}, False),
        (US, {"team": None, "enterprise": {"id": "E2"}, "is_enterprise_install": True}, False),
        (US, {"team": {"id": "T1"}, "view": {"app_id": "A2"}}, False),
        # Slack Connect: who writes or presses is of another workspace, and we are still the installation.
        (US, {"team_id": "T2", "api_app_id": "A1"} | granted("T1"), True),
        (US, OURS | granted("T2"), False),
        (US, {"team": {"id": "T2"}, "view": {"app_installed_team_id": "T1", "app_id": "A1"}}, True),
        (US, {"team": {"id": "T1"}, "view": {"app_installed_team_id": "T2"}}, True),
        (US, {"team": {"id": "T2"}, "view": {"app_installed_team_id": "T2"}}, False),
        (US, {"team": {"id": "T2"}, "message": {"bot_id": "B0BELLS"}}, True),
        (US, {"team": {"id": "T2"}, "message": {"bot_id": "B0OTHER"}}, False),
        # Enterprise Grid: one of its workspaces, or all of it.
        (IN_GRID, OURS | {"enterprise_id": "E1"}, True),
        (IN_GRID, OURS | {"enterprise_id": "E2"}, False),
        (IN_GRID, OURS | {"team_id": "T2", "enterprise_id": "E1"}, False),
        (US, OURS | {"enterprise_id": "E1"}, False),
        (US, granted("T1", "E1"), False),
        (US, {"team": {"id": "T1"}, "enterprise": {"id": "E1"}}, False),
        (ORG_WIDE, {"team_id": "T2", "enterprise_id": "E1"}, True),
        (ORG_WIDE, {"team_id": "T2", "enterprise_id": "E2"}, False),
        (ORG_WIDE, {"team_id": "T2"}, False),
        (ORG_WIDE, {"team": None, "enterprise": {"id": "E1"}}, True),
        (ORG_WIDE, {"team_id": "T9"} | granted(None, "E1"), True),
        (ORG_WIDE, {"team_id": "T1"} | granted(None, "E2"), False),
        # Nothing is said; and what is said is of no known kind.
        (US, {}, True),
        (US, {"team": 7, "view": [], "message": "x", "authorizations": "y"}, True),
        (US, {"team_id": ["T1"], "api_app_id": "A1"}, False),
        (US, OURS | {"authorizations": [7]}, False),
    ],
)
def test_whose_it_is(identity: Identity, body: dict[str, Any], for_us: bool) -> None:
    assert is_for(identity, body) is for_us


SLASH = {"command": "/deploy", "text": "quiet", "user_id": "U0ANA", "trigger_id": "1.t"}
CLICK = {
    "type": "block_actions",
    "user": {"id": "U0ANA"},
    "actions": [{"type": "button", "action_id": "deploy.quiet", "action_ts": "1.0"}],
}
SHORTCUT = {"type": "shortcut", "callback_id": "plan.add", "user": {"id": "U0ANA"}, "trigger_id": "1.t"}
SUBMISSION = {
    "type": "view_submission",
    "user": {"id": "U0ANA"},
    "view": {"callback_id": "deploy.edit", "id": "V1"},
}
SUGGESTION = {"type": "block_suggestion", "action_id": "service", "value": "", "user": {"id": "U0ANA"}}
EVENT = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "user_change", "user": {"id": "U0ANA"}}}


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("wrong", [{"team_id": "T2", "team": {"id": "T2"}}, {"api_app_id": "A2"}])
@pytest.mark.parametrize("payload", [SLASH, CLICK, SHORTCUT, SUBMISSION, SUGGESTION, EVENT])
@pytest.mark.parametrize("door", ["http", "socket"])
async def test_at_no_door_does_anything_happen_for_another_workspace_or_app(
    door: str, payload: dict[str, Any], wrong: dict[str, Any], ours: bool
) -> None:
    async with running() as edge:
        edge.edge.identity = US
        body = payload | {"team_id": "T1", "team": {"id": "T1"}, "api_app_id": "A1"} | ({} if ours else wrong)
        if door == "socket":
            app = edge.edge._app  # pyright: ignore[reportPrivateUsage]
            status = (await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))).status
        elif payload is EVENT:
            status, _ = await edge.post(json.dumps(body), content_type="application/json")
        elif payload is SLASH:
            status, _ = await edge.post(urlencode({key: value for key, value in body.items() if key != "team"}))
        else:
            status, _ = await edge.post(urlencode({"payload": json.dumps(body)}))
        await edge.settle()

        assert status == (200 if ours else 403)
        if not ours:
            assert (edge.used, edge.people.events, edge.slack.calls) == ([], [], [])


async def test_it_is_said_once_and_not_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    async with running() as edge:
        for number in range(20):
            body = urlencode(SLASH | {"team_id": "T2", "trigger_id": f"{number}.t"})
            assert (await edge.post(body))[0] == 403

    assert capsys.readouterr().out.count("payload for another workspace or app") == 1


async def test_we_learn_who_we_are_and_go_on_where_slack_does_not_tell_the_app(monkeypatch) -> None:
    async with running() as edge:
        client = edge.edge._client  # pyright: ignore[reportPrivateUsage]

        async def auth_test(**_: Any) -> dict[str, Any]:
            return {
                "team_id": "T1",
                "user_id": "U1",
                "bot_id": "B1",
                "enterprise_id": "E1",
                "is_enterprise_install": True,
            }

        async def bots_info(**asked: Any) -> dict[str, Any]:
            return {"bot": {"app_id": "A1"}} if asked == {"bot": "B1"} else {}

        async def refused(**_: Any) -> dict[str, Any]:
            told = {"ok": False, "error": "missing_scope"}
            raise SlackApiError("no", SimpleNamespace(status_code=200, headers={}, data=told))

        monkeypatch.setattr(client, "auth_test", auth_test)
        monkeypatch.setattr(client, "bots_info", bots_info)
        assert await edge.edge.warm() == Identity("T1", "U1", "B1", "E1", is_org_wide=True, app_id="A1")
        monkeypatch.setattr(client, "bots_info", refused)
        assert (await edge.edge.warm()).app_id == ""
