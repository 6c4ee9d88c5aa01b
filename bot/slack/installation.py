"""Installation: the workspace (or Enterprise Grid organisation) and the app that we are, and what is meant for it.

An app that is installed twice has one signing secret and one app-level token, so that a genuine payload may still be
for somebody else. Which field names the installation: docs.slack.dev/apis/events-api, …/reference/interaction-payloads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are, from ``auth.test``, and our app from ``bots.info``; "" is not known, and then not compared."""

    team_id: str
    user_id: str
    bot_id: str
    enterprise_id: str = ""
    is_org_wide: bool = False
    app_id: str = ""


def is_for(identity: Identity, body: Payload) -> bool:
    """Whether a payload is for us. One that names no workspace (Slack's own tests) is."""
    return _is_of_app(identity, body) and _is_of_workspace(identity, body)


def _is_of_app(identity: Identity, body: Payload) -> bool:
    named = (body.get("api_app_id"), _in(body, "view").get("app_id"))
    return not identity.app_id or all(app in (None, "", identity.app_id) for app in named)


def _is_of_workspace(identity: Identity, body: Payload) -> bool:
    granted = body.get("authorizations")
    if isinstance(granted, list) and granted:
        # Of an event the sender's workspace may be another (Slack Connect); this names whom it is delivered to.
        return any(isinstance(one, Mapping) and _is_ours(identity, one) for one in granted)
    # Who presses in a shared channel, or in a view, may belong to another workspace than the one that installed us.
    installed = _in(body, "view").get("app_installed_team_id")
    if installed:
        return installed in (identity.team_id, identity.enterprise_id) or _is_ours(identity, _told(body))
    if identity.bot_id and _in(body, "message").get("bot_id") == identity.bot_id:
        return True
    return _is_ours(identity, _told(body))


def _told(body: Payload) -> Payload:
    """The ids of a command or an event, which has them at the top, and of what was pressed, which nests them."""
    return {
        "team_id": body.get("team_id") or _in(body, "team").get("id"),
        "enterprise_id": body.get("enterprise_id") or _in(body, "enterprise").get("id"),
    }


def _is_ours(identity: Identity, told: Payload) -> bool:
    team, enterprise = told.get("team_id"), told.get("enterprise_id")
    if identity.is_org_wide and identity.enterprise_id and (enterprise or not team):
        return enterprise in (None, "", identity.enterprise_id)
    if team and identity.team_id:
        # auth.test names our organisation where we are in one, so that outside of Grid nobody else's is ours.
        return team == identity.team_id and (not enterprise or enterprise == identity.enterprise_id)
    return not team and not enterprise


def _in(body: Payload, name: str) -> Payload:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}
