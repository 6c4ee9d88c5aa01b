"""What Slack's composer makes of what people type: escaped text, and tokens for names, channels and addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.playground.blocks import wrap_links

if TYPE_CHECKING:
    from bot.playground.workspace import Workspace

MASS_MENTIONS = ("here", "channel", "everyone")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _names(workspace: Workspace, *, labelled: bool) -> dict[str, str]:
    """Everything that can stand after `@` or `#`, with its sign and in lower case, and its token."""
    names: dict[str, str] = {}
    for group in workspace.groups.values():
        names[f"@{group.handle}"] = (
            f"<!subteam^{group.id}|@{group.handle}>" if labelled else f"<!subteam^{group.id}>"
        )
    for word in MASS_MENTIONS:
        names[f"@{word}"] = f"<!{word}>"
    for person in workspace.people.values():
        token = f"<@{person.id}|{person.name}>" if labelled else f"<@{person.id}>"
        for name in (person.first_name, person.name, person.real_name):
            names[f"@{name.lower()}"] = token
    for channel in workspace.conversations.values():
        if channel.kind == "channel":
            shown = "" if channel.is_private else channel.name
            names[f"#{channel.name}"] = f"<#{channel.id}|{shown}>"
    return names


def tokens(workspace: Workspace, text: str, *, labelled: bool = False) -> str:
    """Typed text as an app receives it; `labelled` mentions carry the name, as slash commands send them."""
    names = _names(workspace, labelled=labelled)
    longest_first = sorted((re.escape(escape(name)) for name in names), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w&/])({'|'.join(longest_first)})(?![\w-]|\.\w)", re.IGNORECASE)
    return wrap_links(pattern.sub(lambda found: names[found.group().lower()], escape(text)))
