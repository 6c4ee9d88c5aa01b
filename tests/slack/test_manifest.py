"""The manifest: fresh, within Slack's limits, valid by its schema where at hand, no scope without a reason."""

import json
from pathlib import Path

import pytest
import yaml

from bot import discovery
from bot.core.command import Command, text
from bot.slack.manifest import EVENTS, SCOPES, manifest, scopes

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT.parent / "shared" / "reference" / "manifest.schema.json"
COMMANDS = discovery.commands()

# What each event needs in the scopes; docs.slack.dev/reference/events
NEEDS = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "channel_created": "channels:read",
    "channel_rename": "channels:read",
    "message.im": "im:history",
    "subteam_created": "usergroups:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "team_join": "users:read",
    "user_change": "users:read",
}


def read(**options):
    return yaml.safe_load(manifest(COMMANDS, **options))


def test_the_manifest_in_the_project_is_fresh():
    assert (ROOT / "manifest.yml").read_text("utf-8") == manifest(COMMANDS), (
        "run `eightbells manifest > manifest.yml`"
    )


def test_socket_mode_needs_no_address():
    assert read()["settings"]["socket_mode_enabled"] is True
    assert "url" not in json.dumps(read())


def test_with_an_address_everything_comes_there():
    found = read(url="https://bot.example.com/")
    to = "https://bot.example.com/slack/events"
    assert found["settings"]["socket_mode_enabled"] is False
    assert found["settings"]["event_subscriptions"]["request_url"] == to
    assert found["settings"]["interactivity"] == {
        "is_enabled": True,
        "request_url": to,
        "message_menu_options_url": to,
    }
    assert {command["url"] for command in found["features"]["slash_commands"]} == {to}


def test_every_command_is_there_under_its_prefix_with_its_hint():
    found = read(prefix="ops-")["features"]["slash_commands"]
    assert [command["command"] for command in found] == [f"/ops-{name}" for name in COMMANDS]
    assert all(command["should_escape"] and command["usage_hint"].endswith("help") for command in found)


def test_a_shortcut_calls_its_verb():
    actions = {verb.action for command in COMMANDS.values() for verb in command.verbs.values()}
    declared = [shortcut.title for command in COMMANDS.values() for shortcut in command.shortcuts]
    shortcuts = read()["features"]["shortcuts"]
    assert [shortcut["name"] for shortcut in shortcuts] == declared
    assert {"Make this a change", "Report a blocker", "File as feedback"} <= set(declared)
    assert all(shortcut["callback_id"] in actions for shortcut in shortcuts)


def test_every_scope_and_event_has_its_reason_and_every_event_its_scope():
    assert all(need.why for need in (*SCOPES, *EVENTS))
    assert {event.name for event in EVENTS} == set(NEEDS)
    assert {scope for scope in NEEDS.values() if scope} <= set(scopes())
    assert read()["oauth_config"]["scopes"]["bot"] == list(scopes())


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not at hand")
@pytest.mark.parametrize("options", [{}, {"url": "https://bot.example.com"}, {"prefix": "ops-"}])
def test_it_is_valid_by_slacks_schema(options):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(read(**options))


async def handle(call, work): ...


def one(name="x", summary="s", usage="a <b>"):
    command = Command(name, summary)
    command.verb(usage, "s", **({"b": text()} if "<b>" in usage else {}))(handle)
    return {name: command}


@pytest.mark.parametrize(
    "commands",
    [one(name="x" * 40), one(name="Deploy"), one(summary="s" * 3000), one(usage="a " + "very " * 250)],
)
def test_what_slack_would_not_take_is_an_error(commands):
    with pytest.raises(ValueError, match=r"Slack|than"):
        manifest(commands)


def test_a_shortcut_with_too_long_a_title_is_an_error():
    commands = one()
    commands["x"].shortcut("A title that is much too long", "about", verb="a", fills="b")
    with pytest.raises(ValueError, match="longer title"):
        manifest(commands)
