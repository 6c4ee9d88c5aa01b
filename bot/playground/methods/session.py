"""auth.*, apps.*, team.* and bots.*: who the bot is and how it connects."""

from __future__ import annotations

from bot.playground.calls import ApiError, Call, Json, method


@method("auth.test")
def auth_test(call: Call) -> Json:
    workspace = call.play.workspace
    return {
        "url": f"{call.play.base_url}/",
        "team": workspace.team["name"],
        "user": workspace.bot.name,
        "team_id": workspace.team["id"],
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


@method("api.test")
def api_test(call: Call) -> Json:
    if error := call.text("error"):
        raise ApiError(error)
    return {"args": {key: value for key, value in call.args.items() if key != "token"}}


@method("apps.connections.open", app_token=True, note="needs the app-level token")
def open_connection(call: Call) -> Json:
    return {"url": call.play.sockets.ticket()}


@method("team.info", "team:read")
def team_info(call: Call) -> Json:
    team = call.play.workspace.team
    return {
        "team": {"id": team["id"], "name": team["name"], "domain": team["domain"], "email_domain": "", "icon": {}}
    }


@method("bots.info", "users:read")
def bot_info(call: Call) -> Json:
    workspace = call.play.workspace
    if call.text("bot", workspace.bot_id) != workspace.bot_id:
        raise ApiError("bot_not_found")
    described = {"id": workspace.bot_id, "deleted": False, "name": workspace.bot.name, "updated": 1_760_000_000}
    return {"bot": described | {"app_id": workspace.app_id, "user_id": workspace.bot.id, "icons": {}}}
