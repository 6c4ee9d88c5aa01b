"""User groups of Slack, as a port: whoever is on call is put into one."""

from collections.abc import Sequence
from typing import Protocol


class UserGroups(Protocol):
    """Who is in which of the workspace's user groups."""

    async def put(self, group_id: str, people: Sequence[str]) -> str:
        """Have exactly these people in it; gives why that cannot be ("no_such_subteam"), or "".

        Raises ``SlackSilent`` where it may work later.
        """
        ...


class SlackSilent(Exception):
    """Slack did not answer, or not now."""
