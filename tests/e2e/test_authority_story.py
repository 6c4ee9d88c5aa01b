"""A member of a running bot tries to become an approver with the bot's own hand, and to approve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.product import BOT_TOKEN, Site, eventually, is_asked_for, site
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("git")]

GROUP = "S0RELEASE"  # of the role that approves for production
ROTATION = {"people": ["@mei", "@ana"], "every": "week", "weekday": "Mon", "at": "09:00", "zone": "Europe/Berlin"}


def with_rotation(ready: Site, *, user_group: str = GROUP) -> None:
    """The dangerous shape, of which ``check`` warns: who is on call is put into the group of a role."""
    file = ready.folder / "demo" / "eightbells.yml"
    team: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    team["roles"]["release"] = [GROUP]
    team["policy"] = [
        {"verbs": "deploy.approve", "environments": "production", "roles": ["release"]},
        {"verbs": "monitor.*", "roles": ["members"]},
    ]
    team["rotations"] = {"release": ROTATION | {"user_group": user_group}}
    file.write_text(yaml.safe_dump(team, sort_keys=False), "utf-8")


async def members(ready: Site) -> list[str]:
    """Who is in the group, by Slack."""
    address = f"{ready.play.url}/api/usergroups.users.list?usergroup={GROUP}"
    async with ready.play.http.get(address, headers={"Authorization": f"Bearer {BOT_TOKEN}"}) as answer:
        return (await answer.json())["users"]


async def test_a_member_gets_neither_into_the_group_of_a_role_nor_a_yes_counted(tmp_path: Path) -> None:
    async with site(tmp_path, f"sqlite:///{tmp_path / 'eightbells.db'}") as ready:
        with_rotation(ready)
        bot = await ready.start()

        async def is_one() -> bool:
            return len(await members(ready)) == 1

        await eventually("the group holds whoever is on call", is_one)
        (on_call,) = await members(ready)
        assert on_call in {"U0MEI", "U0ANA"}

        for line in (
            "/monitor cover release until in 5 h",
            "/monitor cover release by @yuki until in 5 h",
            "/monitor swap release with @tom until in 5 h",
        ):
            await ready.play.send("U0YUKI", "C0GENERAL", line)
            refused = (await ready.play.whispers("U0YUKI"))[-1]
            assert f"into the user group {GROUP}, which belongs to the role release" in refused, refused
            await ready.play.send("U0YUKI", "C0GENERAL", f"<@U0BELLS> {line.removeprefix('/')}")

        assert await is_asked_for(ready, "U0TOM", "web v1.3.9 to production")
        card = await ready.play.said("web v1.3.9", channel="C0DEPLOYS")
        await ready.play.press("U0YUKI", card, "deploy.approve")

        async def refused_yes() -> bool:
            return any(
                "deploy.approve in production is for" in said for said in await ready.play.whispers("U0YUKI")
            )

        await eventually("Yuki's yes is refused", refused_yes)
        assert await members(ready) == [on_call]
        await ready.play.press(on_call, card, "deploy.approve")
        await ready.play.said("web v1.3.9", "pproved by", channel="C0DEPLOYS")
        assert await bot.stop() == 0, bot.said


async def test_who_covered_before_the_group_gave_a_role_is_taken_out_at_the_next_start(tmp_path: Path) -> None:
    async with site(tmp_path, f"sqlite:///{tmp_path / 'eightbells.db'}") as ready:
        with_rotation(ready)
        file = ready.folder / "demo" / "eightbells.yml"
        dangerous = file.read_text("utf-8")
        team = yaml.safe_load(dangerous)
        team["roles"]["release"] = ["@mei"]
        file.write_text(yaml.safe_dump(team, sort_keys=False), "utf-8")
        bot = await ready.start()
        await ready.play.send("U0YUKI", "C0GENERAL", "/monitor cover release until in 5 h")

        async def holds_yuki() -> bool:
            return await members(ready) == ["U0YUKI"]

        await eventually("Yuki covers, and is in the group", holds_yuki)
        assert await bot.stop() == 0, bot.said
        file.write_text(dangerous, "utf-8")
        bot = await ready.start()

        async def is_without_yuki() -> bool:
            return "U0YUKI" not in await members(ready)

        await eventually("the group is without Yuki", is_without_yuki)
        assert await bot.stop() == 0, bot.said
