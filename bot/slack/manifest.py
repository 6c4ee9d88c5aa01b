"""Writes the Slack app's manifest from what discovery finds: commands, shortcuts, least scopes and why."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bot.core.command import Command
from bot.slack.grammar.help import usage_hint

# docs.slack.dev/reference/app-manifest
COMMANDS_MAX = 50
COMMAND_NAME_MAX = 32  # characters, with the slash
COMMAND_DESCRIPTION_MAX = 2_000
USAGE_HINT_MAX = 1_000
SHORTCUTS_MAX = 10
SHORTCUT_NAME_MAX = 24
SHORTCUT_DESCRIPTION_MAX = 150


class Needed(NamedTuple):
    """A scope or an event, and what it is for."""

    name: str
    why: str


SCOPES = (
    Needed("app_mentions:read", "take commands by mention, also inside threads"),
    Needed("channels:history", "after a crash, look whether a message was posted before posting it again"),
    Needed("channels:read", "know channels by their names"),
    Needed("chat:write", "post cards, confirmations, notes and private answers, and keep them true"),
    Needed("commands", "slash commands and message shortcuts"),
    Needed("files:write", "send exports and charts that people ask for, by direct message"),
    Needed("groups:history", "the same look in private channels that the bot was invited to"),
    Needed("groups:read", "the same names of private channels that the bot was invited to"),
    Needed("im:history", "take commands by direct message, and the same look there"),
    Needed("im:write", "open a direct conversation: stand-up questions, drafts, what only you can do"),
    Needed("usergroups:read", "roles of the policy that are Slack user groups"),
    Needed("usergroups:write", "keep the user group of a rotation so that it holds whoever is on call"),
    Needed("users:read", "people's names and time zones, and who is a guest"),
)
EVENTS = (
    Needed("app_home_opened", "draw the Home tab"),
    Needed("app_mention", "commands by mention"),
    Needed("channel_created", "channel names"),
    Needed("channel_rename", "channel names"),
    Needed("message.im", "commands by direct message"),
    Needed("subteam_created", "who is in which role"),
    Needed("subteam_members_changed", "who is in which role"),
    Needed("subteam_updated", "who is in which role"),
    Needed("team_join", "who is here"),
    Needed("user_change", "names, time zones, guests, who has left"),
)

_ABOUT = (
    "Eightbells keeps a team's whole DevOps flow in Slack: plan, code, build, test, release, deploy, manage and "
    "monitor, on one ledger. It asks for approvals, posts deploy confirmations and release notes, runs stand-ups, "
    "raises alerts in their channels and can say where any change is now. You host it yourself."
)


def scopes() -> tuple[str, ...]:
    """Every scope that the bot asks for."""
    return tuple(scope.name for scope in SCOPES)


def manifest(commands: Mapping[str, Command], *, prefix: str = "", url: str | None = None) -> str:
    """The manifest as YAML, the same text for the same commands.

    Args:
        prefix: begins every slash command's name, since a workspace shares the names among all its apps.
        url: the public address of this bot; without one it is for Socket Mode, which needs none.

    Raises:
        ValueError: Slack would not take it; the sentence says why.
    """
    _check(commands, prefix)
    endpoint = f"{url.rstrip('/')}/slack/events" if url else None
    option = (f" --url {url}" if url else "") + (f" --prefix {prefix}" if prefix else "")
    lines = [
        f"# Written by `eightbells manifest{option}`; edits here are lost.",
        "# Paste it at https://api.slack.com/apps, Create New App, From a manifest.",
        *_head(),
        *_features(commands, prefix, endpoint),
        "oauth_config:",
        "  scopes:",
        "    bot:",
        *_needed(SCOPES),
        *_settings(endpoint),
    ]
    return "\n".join(lines) + "\n"


def _features(commands: Mapping[str, Command], prefix: str, endpoint: str | None) -> list[str]:
    shortcuts = [line for command in commands.values() for line in _shortcuts(command)]
    return [
        "features:",
        "  app_home:",
        "    home_tab_enabled: true",
        "    messages_tab_enabled: true",
        "    messages_tab_read_only_enabled: false",
        "  bot_user:",
        "    display_name: eightbells",
        "    always_online: true",
        "  slash_commands:",
        *(line for command in commands.values() for line in _command(command, prefix, endpoint)),
        *(["  shortcuts:", *shortcuts] if shortcuts else []),
    ]


def _settings(endpoint: str | None) -> list[str]:
    request = [f"    request_url: {_quoted(endpoint)}"] if endpoint else []
    options = [f"    message_menu_options_url: {_quoted(endpoint)}"] if endpoint else []
    return [
        "settings:",
        "  event_subscriptions:",
        *request,
        "    bot_events:",
        *_needed(EVENTS),
        "  interactivity:",
        "    is_enabled: true",
        *request,
        *options,
        "  org_deploy_enabled: false",
        f"  socket_mode_enabled: {'false' if endpoint else 'true'}",
        "  token_rotation_enabled: false",
    ]


def _head() -> list[str]:
    return [
        "_metadata:",
        "  major_version: 1",
        "  minor_version: 1",
        "display_information:",
        "  name: Eightbells",
        f"  description: {_quoted('The whole DevOps flow, from plan to monitor, on one ledger')}",
        f"  long_description: {_quoted(_ABOUT)}",
        f"  background_color: {_quoted('#1b2a41')}",
    ]


def _command(command: Command, prefix: str, endpoint: str | None) -> list[str]:
    lines = [
        f"    - command: {_quoted(f'/{prefix}{command.name}')}",
        f"      description: {_quoted(command.summary)}",
        f"      usage_hint: {_quoted(usage_hint(command))}",
        "      should_escape: true",
    ]
    return [*lines, f"      url: {_quoted(endpoint)}"] if endpoint else lines


def _shortcuts(command: Command) -> list[str]:
    lines: list[str] = []
    for shortcut in command.shortcuts:
        lines += [
            f"    - name: {_quoted(shortcut.title)}",
            "      type: message",
            f"      callback_id: {_quoted(command.verbs[shortcut.verb].action)}",
            f"      description: {_quoted(shortcut.about)}",
        ]
    return lines


def _needed(needs: Iterable[Needed]) -> list[str]:
    return [f'      - "{need.name}"  # {need.why}' for need in needs]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string


def _check(commands: Mapping[str, Command], prefix: str) -> None:
    shortcuts = [shortcut for command in commands.values() for shortcut in command.shortcuts]
    if len(commands) > COMMANDS_MAX or len(shortcuts) > SHORTCUTS_MAX:
        raise ValueError(f"Slack takes {COMMANDS_MAX} commands and {SHORTCUTS_MAX} shortcuts of an app at most")
    for command in commands.values():
        typed = f"/{prefix}{command.name}"
        if len(typed) > COMMAND_NAME_MAX or typed != typed.lower() or " " in typed:
            raise ValueError(f"{typed} is no name that Slack takes: {COMMAND_NAME_MAX} small letters at most")
        if len(command.summary) > COMMAND_DESCRIPTION_MAX or len(usage_hint(command)) > USAGE_HINT_MAX:
            raise ValueError(f"{typed} says more about itself than Slack shows; shorten its summary or usage lines")
    for shortcut in shortcuts:
        if len(shortcut.title) > SHORTCUT_NAME_MAX or len(shortcut.about) > SHORTCUT_DESCRIPTION_MAX:
            raise ValueError(f"the shortcut {shortcut.title!r} has a longer title or description than Slack shows")
