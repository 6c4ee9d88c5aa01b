"""What Slack says about our tokens, scopes and channels, for ``eightbells check``."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.core.team import Team
from bot.runtime.findings import Finding, fine, mistake, warning
from bot.stages.release.model.rules import Releasing

PAGE = 200  # Slack recommends no more; docs.slack.dev/reference/methods/conversations.list
_UNREACHABLE = (SlackClientError, ClientError, TimeoutError, OSError)

# What each of Slack's words for a token that it does not take calls for; docs.slack.dev/reference/methods/auth.test
_TODO = {
    "invalid_auth": "Copy the token anew from the app's page; it may be another workspace's, or have been rotated.",
    "not_authed": "Copy the token anew from the app's page.",
    "account_inactive": "The app was removed from the workspace. Install it again.",
    "token_revoked": "Install the app again; its token was revoked.",
    "token_expired": "Turn token rotation off, or install by OAuth so that tokens are renewed.",
    "ratelimited": "Wait a minute and check again.",
}


async def slack_findings(
    settings: Settings, team: Team | None, client: AsyncWebClient, *, scopes: Collection[str]
) -> list[Finding]:
    """Who we are to Slack, whether we may do what the manifest asks for, and whether our channels are ours."""
    found: list[Finding] = []
    if settings.bot_token is not None:
        token = settings.bot_token.get_secret_value()
        try:
            answer = await client.auth_test(token=token)
        except SlackApiError as refused:
            found.append(_refused("SLACK_BOT_TOKEN", refused))
        except _UNREACHABLE as problem:
            found.append(_unreachable(settings, problem))
        else:
            found.append(fine(f"Slack knows the bot as {answer['user']} in {answer['team']}"))
            found += _scopes(answer.headers, scopes)
            found += [finding async for finding in _channels(client, token, team)] if team else []
    if settings.app_token is not None:
        found.append(await _app_token(settings, client))
    return found


def _scopes(headers: Mapping[str, Any], wanted: Collection[str]) -> list[Finding]:
    given_header = next((str(value) for key, value in headers.items() if key.lower() == "x-oauth-scopes"), "")
    given = {scope.strip() for scope in given_header.split(",") if scope.strip()}
    missing = sorted(set(wanted) - given)
    if missing:
        todo = "Paste manifest.yml on the app's page “App Manifest”, save, and install the app again."
        return [mistake(f"scopes are missing: {', '.join(missing)}", todo)]
    found = [fine(f"all {len(wanted)} scopes of the manifest are given")]
    if spare := sorted(given - set(wanted)):
        found.append(warning(f"scopes that nothing needs: {', '.join(spare)}", "Take them out on the app's page."))
    return found


async def _channels(client: AsyncWebClient, token: str, team: Team) -> AsyncIterator[Finding]:
    """Every channel that the team file names, once."""
    named: dict[str, str] = {team.default_channel: "channels.default"}
    named |= {channel: f"channels.{key}" for key, channel in team.channels.items()}
    audiences = team.part(Releasing).audiences.values()
    named |= {channel: f"audiences.{each.name}.channels" for each in audiences for channel in each.channels}
    named |= {each.channel: f"services.{each.name}.channel" for each in team.services.values() if each.channel}
    named |= {team.head_posts.channel: "audit.channel"} if team.head_posts else {}
    try:
        known = await _known_channels(client, token)
    except SlackApiError as refused:
        yield warning(f"channels cannot be read: {_code(refused)}", "Give the app channels:read.")
        return
    except _UNREACHABLE as problem:
        yield warning(f"channels cannot be read ({type(problem).__name__})", "Check again in a moment.")
        return
    well = 0
    for channel, place in named.items():
        found = known.get(channel.removeprefix("#"))
        if found is None:
            todo = (
                "Create it, or correct the team file. A private channel must have the bot as a member to be seen."
            )
            yield mistake(f"{place}: there is no {channel}", todo)
        elif found.get("is_archived"):
            yield mistake(f"{place}: {channel} is archived", "Unarchive it, or name another one.")
        elif not found.get("is_member"):
            yield mistake(
                f"{place}: the bot is not in {channel}", f"Type /invite @bot in {channel}, with its name."
            )
        else:
            well += 1
    if well:
        yield fine(f"the bot is in {well} of {len(named)} channels that the team file names")


async def _known_channels(client: AsyncWebClient, token: str) -> dict[str, dict[str, Any]]:
    """Channels by name and by id."""
    known: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        page = await client.conversations_list(
            token=token, types="public_channel,private_channel", limit=PAGE, cursor=cursor
        )
        for channel in page.get("channels") or ():
            known[channel["name"]] = known[channel["id"]] = channel
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return known


async def _app_token(settings: Settings, client: AsyncWebClient) -> Finding:
    """Whether a socket could be opened; asking for its address opens none."""
    assert settings.app_token is not None  # noqa: S101  the caller has looked
    try:
        await client.apps_connections_open(app_token=settings.app_token.get_secret_value())
    except SlackApiError as refused:
        if _code(refused) in {"missing_scope", "not_allowed_token_type"}:
            return mistake(
                "SLACK_APP_TOKEN may not open sockets",
                "Make one with the scope connections:write on “Basic Information”, “App-Level Tokens”.",
            )
        return _refused("SLACK_APP_TOKEN", refused)
    except _UNREACHABLE as problem:
        return _unreachable(settings, problem)
    return fine("Socket Mode is open to us")


def _code(refused: SlackApiError) -> str:
    """Slack's word for it; a proxy or an outage answers without one."""
    data = getattr(refused.response, "data", None)
    if isinstance(data, dict) and "error" in data:
        return str(data["error"])
    return f"HTTP status {getattr(refused.response, 'status_code', 'unknown')}"


def _refused(name: str, refused: SlackApiError) -> Finding:
    code = _code(refused)
    return mistake(
        f"Slack refuses {name}: {code}", _TODO.get(code, "See docs.slack.dev/reference/methods/auth.test.")
    )


def _unreachable(settings: Settings, problem: BaseException) -> Finding:
    host = re.sub(r"^\w+://([^/@]*@)?", "", settings.slack_api_url).partition("/")[0]
    return mistake(
        f"{host} cannot be reached ({type(problem).__name__})",
        "Look whether this machine may open connections to it, or whether SLACK_API_URL is right.",
    )
