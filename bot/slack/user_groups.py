"""Puts people into Slack's user groups. A ``bot.stages.monitor.model.ports.UserGroups``."""

from collections.abc import Sequence

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.team.oncall.model.ports import SlackSilent

_PASSING = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})


class SlackUserGroups:
    """By ``usergroups.users.update``, which sets the whole list: a repeated call changes nothing."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def put(self, group_id: str, people: Sequence[str]) -> str:
        """Have exactly these people in it; gives Slack's word for why that cannot be, or ""."""
        try:
            await self._client.usergroups_users_update(usergroup=group_id, users=list(people))
        except SlackApiError as error:
            why = str(error.response.get("error") or error.response.status_code)
            if why in _PASSING or error.response.status_code >= 500 or error.response.status_code == 429:
                raise SlackSilent(why) from None
            return why
        except (SlackClientError, ClientError, TimeoutError) as error:
            raise SlackSilent(type(error).__name__) from None
        return ""
