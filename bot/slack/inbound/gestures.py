"""What somebody did in Slack, told in one way for every door: Slack's payloads come in here and go no further."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.command import Door, MessageRef

Payload = Mapping[str, Any]

LINK = "link"  # the action of a button that only opens an address; Slack tells us of it all the same


@dataclass(frozen=True, slots=True)
class Gesture:
    """One thing that somebody did.

    Attributes:
        names: the slash command as typed, or the action of a button, a form or a shortcut; "" for a mention.
        text: what follows: the command's text, a button's words, a mention's text.
        key: names the gesture for ever; delivered twice it is the same.
        view: the form that was sent, or that (or whose Home tab) a button stands in.
        thread_ts: where an answer to a mention belongs.
        by_bot: an app did it, as itself or in the name of ``user_id``; it gets no answer but the deed.
    """

    door: Door
    key: str
    user_id: str
    names: str = ""
    text: str = ""
    channel_id: str = ""
    trigger_id: str = ""
    response_url: str = ""
    thread_ts: str | None = None
    on: MessageRef | None = None
    view: Payload | None = None
    carry: Mapping[str, str] = field(default_factory=dict[str, str])
    by_bot: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether it was done in a direct conversation with us."""
        return self.channel_id.startswith("D")


def of_slash(body: Payload) -> Gesture:
    """A slash command."""
    return Gesture(
        Door.SLASH,
        f"slash:{body.get('trigger_id') or secrets.token_hex(8)}:{body.get('user_id', '')}",
        _text(body.get("user_id")),
        _text(body.get("command")),
        _text(body.get("text")),
        _text(body.get("channel_id")),
        _text(body.get("trigger_id")),
        _text(body.get("response_url")),
    )


def of_click(body: Payload) -> Gesture | None:
    """A press of a button (or a choice in a menu) of ours; nothing where it carries no action."""
    action = next(iter(body.get("actions") or ()), None)
    if not isinstance(action, dict):
        return None
    # The second button of a kind in a row is "deploy.approve#2", since Slack wants unique ids.
    name = _text(action.get("action_id")).partition("#")[0]
    if name in {"", LINK}:
        return None
    user = _text((body.get("user") or {}).get("id"))
    container = body.get("container") or {}
    view = body.get("view")
    message = body.get("message") or {}
    channel = _text((body.get("channel") or {}).get("id")) or _text(container.get("channel_id"))
    ts = _text(message.get("ts")) or _text(container.get("message_ts"))
    kept = metadata(view) if view else {}
    on = None
    if ts:
        on = MessageRef(
            channel,
            ts,
            _text(message.get("text")),
            _text(message.get("user")),
            message.get("thread_ts") or container.get("thread_ts"),
        )
    return Gesture(
        Door.BUTTON,
        f"click:{ts or (view or {}).get('id', '')}:{action.get('action_ts', '')}:{user}:{name}",
        user,
        name,
        _chosen(action),
        channel or _text(kept.get("channel")),
        _text(body.get("trigger_id")),
        _text(body.get("response_url")),
        on=on,
        view=view,
    )


def of_submission(body: Payload) -> Gesture:
    """A form that was sent."""
    view = body.get("view") or {}
    kept = metadata(view)
    on = kept.get("on")
    return Gesture(
        Door.FORM,
        f"form:{view.get('id', '')}:{view.get('hash', '')}",
        _text((body.get("user") or {}).get("id")),
        _text(view.get("callback_id")),
        channel_id=_text(kept.get("channel")),
        trigger_id=_text(body.get("trigger_id")),
        on=MessageRef(on[0], on[1], "", on[2], on[3]) if isinstance(on, list) and len(on) == 4 else None,
        view=view,
        carry=kept.get("carry") or {},
    )


def of_shortcut(body: Payload) -> Gesture:
    """A shortcut, on a message or from anywhere."""
    message = body.get("message") or {}
    channel = _text((body.get("channel") or {}).get("id"))
    user = _text((body.get("user") or {}).get("id"))
    on = None
    if message.get("ts"):
        on = MessageRef(
            channel, message["ts"], _text(message.get("text")), _text(message.get("user")), message.get("thread_ts")
        )
    return Gesture(
        Door.SHORTCUT,
        f"shortcut:{body.get('trigger_id') or body.get('action_ts', '')}:{user}",
        user,
        _text(body.get("callback_id")),
        "",
        channel,
        _text(body.get("trigger_id")),
        _text(body.get("response_url")),
        on=on,
    )


# An edit, a deletion, a join and the like are messages as well, by their subtype.
_SPOKEN = frozenset({None, "file_share", "thread_broadcast"})


def of_message(event: Payload, bot_user_id: str) -> Gesture | None:
    """A mention of us, or a direct message to us; nothing where it is neither, or nothing was said."""
    subtype = event.get("subtype")
    if not isinstance(subtype, str | None) or subtype not in _SPOKEN or event.get("edited") or event.get("hidden"):
        return None
    direct = event.get("type") == "message"
    if (direct and event.get("channel_type") != "im") or not event.get("user"):
        return None
    channel, ts, user = _text(event.get("channel")), _text(event.get("ts")), _text(event.get("user"))
    text, thread = _text(event.get("text")), _text(event.get("thread_ts")) or None
    # One mention may arrive as two events with ids of their own; where it stands is the same in both.
    return Gesture(
        Door.MENTION,
        f"message:{channel}:{ts}",
        user,
        text=_without_us(text, bot_user_id),
        channel_id=channel,
        thread_ts=thread,
        on=MessageRef(channel, ts, text, user, thread),
        # A message that an app sends with somebody's own token bears their name, and these besides.
        # docs.slack.dev/reference/events/message
        by_bot=any(event.get(mark) for mark in ("bot_id", "app_id", "bot_profile")),
    )


def metadata(view: Payload | None) -> dict[str, Any]:
    """What we had put into the view; nothing where it is not ours to read."""
    try:
        kept = json.loads((view or {}).get("private_metadata") or "{}")
    except (ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _chosen(action: Payload) -> str:
    option = action.get("selected_option") or {}
    for value in (
        action.get("value"),
        option.get("value"),
        action.get("selected_user"),
        action.get("selected_date"),
        action.get("selected_channel"),
    ):
        if isinstance(value, str):
            return value
    return ""


def _without_us(text: str, bot_user_id: str) -> str:
    """The text without the mention that woke us; other people's mentions stay."""
    if not bot_user_id:
        return text
    start = text.find(f"<@{bot_user_id}")
    end = text.find(">", start)
    return text if start < 0 or end < 0 else f"{text[:start]} {text[end + 1 :]}".strip(" ,:")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
