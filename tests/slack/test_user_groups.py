"""Who is on call, put into a user group of the stand-in for a workspace, which is slow, full or knows it not."""

from pathlib import Path
from typing import Any

import pytest

from bot.slack.user_groups import SlackUserGroups
from bot.team.oncall.model.ports import SlackSilent
from tests.fakes import FakeClock
from tests.slack.workspace import workspace


async def test_exactly_these_people_are_in_it(tmp_path: Path) -> None:
    async with workspace(tmp_path, FakeClock()) as slack:
        groups = SlackUserGroups(slack.client)
        group = next(iter(slack.play.workspace.groups))
        for people in (["U0TOM"], ["U0MEI", "U0ANA"], ["U0MEI", "U0ANA"]):
            assert await groups.put(group, people) == ""
            assert list(slack.play.workspace.groups[group].users) == people


async def test_a_group_or_somebody_that_slack_does_not_know_is_said_in_its_words(tmp_path: Path) -> None:
    async with workspace(tmp_path, FakeClock()) as slack:
        groups = SlackUserGroups(slack.client)
        assert await groups.put("S0NOBODY", ["U0TOM"]) == "no_such_subteam"
        group = next(iter(slack.play.workspace.groups))
        assert await groups.put(group, ["U0NOBODY"]) == "invalid_users"


@pytest.mark.parametrize(
    "fault", [{"status": 429, "retry_after": 1}, {"kind": "reset_after_write"}, {"status": 503}]
)
async def test_a_slack_that_is_busy_or_down_is_asked_again_later(tmp_path: Path, fault: dict[str, Any]) -> None:
    async with workspace(tmp_path, FakeClock()) as slack:
        await slack.fault(method="usergroups.users.update", times=1, **fault)
        groups, group = SlackUserGroups(slack.client), next(iter(slack.play.workspace.groups))
        with pytest.raises(SlackSilent):
            await groups.put(group, ["U0TOM"])
        assert await groups.put(group, ["U0TOM"]) == ""
