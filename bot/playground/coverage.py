"""What the playground supports, said once: for the page, for docs/playground.md and for a test."""

from __future__ import annotations

from typing import Any

from bot.playground.events import SUPPORTED
from bot.playground.faults import KINDS
from bot.playground.limits import BLOCKS, BLOCKS_MAX, ELEMENTS
from bot.playground.methods import METHODS

Json = dict[str, Any]

INTERACTIONS = {
    "slash command": "3 s, plain text or JSON, ephemeral or in_channel; not in threads",
    "block_actions": "in messages, ephemeral messages, modals and on the Home tab",
    "block_suggestion": "options or option_groups",
    "view_submission": "close, clear, update, push, errors by block_id; response_urls",
    "view_closed": "with notify_on_close",
    "shortcut": "global",
    "message_action": "on any message",
    "response_url": "5 uses in 30 min; replace_original, delete_original, response_type, thread_ts",
}
MARKS = ("<!-- supported -->", "<!-- /supported -->")


def table() -> Json:
    """Everything supported, by kind."""
    return {
        "methods": [
            {"name": name, "scopes": list(found.scopes), "note": found.note}
            for name, found in sorted(METHODS.items())
        ],
        "events": [{"name": name, "note": note} for name, note in SUPPORTED.items()],
        "interactions": [{"name": name, "note": note} for name, note in INTERACTIONS.items()],
        "blocks": sorted(BLOCKS),
        "elements": sorted(ELEMENTS),
        "limits": {f"blocks in a {surface}": most for surface, most in BLOCKS_MAX.items()},
        "faults": [{"kind": kind, "note": note} for kind, note in KINDS.items()],
    }


def markdown() -> str:
    """The same as the tables of docs/playground.md, its marks included."""
    found = table()
    lines = [MARKS[0], "", "| Web API method | scopes (one of) | note |", "| --- | --- | --- |"]
    for entry in found["methods"]:
        scopes = ", ".join(scope.replace("{kind}", "channels/groups/im/mpim") for scope in entry["scopes"])
        lines.append(f"| `{entry['name']}` | {scopes or 'none'} | {entry['note']} |")
    lines += ["", "| Event | when |", "| --- | --- |"]
    lines += [f"| `{entry['name']}` | {entry['note']} |" for entry in found["events"]]
    lines += ["", "| Interaction | how far |", "| --- | --- |"]
    lines += [f"| {entry['name']} | {entry['note']} |" for entry in found["interactions"]]
    lines += ["", f"Blocks: {', '.join(f'`{name}`' for name in found['blocks'])}."]
    lines += ["", f"Elements: {', '.join(f'`{name}`' for name in found['elements'])}."]
    lines += ["", "| Fault (`kind`) | what happens |", "| --- | --- |"]
    lines += [f"| `{entry['kind']}` | {entry['note']} |" for entry in found["faults"]]
    return "\n".join([*lines, "", MARKS[1]])
