"""What an operator meets: every mistake at once, a stop that loses nothing, and commands beside the bot."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import OpenSite
from tests.e2e.product import eventually
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("git")]


async def test_check_names_every_mistake_at_once_and_shows_no_secret(open_site: OpenSite) -> None:
    site = await open_site()
    status, told = await site.eightbells("check")
    assert status == 0, told
    status, told = await site.eightbells("run", SLACK_BOT_TOKEN="", SLACK_SIGNING_SECRET="")
    assert status == 1
    assert "SLACK_BOT_TOKEN" in told

    team_file = site.folder / "demo" / "eightbells.yml"
    text = team_file.read_text().replace("approvals: 1", "aprovals: 1").replace("'@luis'", "'@nobody'")
    team_file.write_text(text)
    status, told = await site.eightbells(
        "check",
        SLACK_BOT_TOKEN="xoxp-not-a-bot-token",
        EIGHTBELLS_HOOK_SECRET_GITHUB="short",
        EIGHTBELLS_PREFIX="No Spaces",
        SLACK_SINGING_SECRET="a misspelt variable",
    )
    assert status == 1
    for mistake in (
        "SLACK_BOT_TOKEN",
        "HOOK_SECRET_GITHUB",
        "EIGHTBELLS_PREFIX",
        "SLACK_SINGING_SECRET",
        "aprovals",
    ):
        assert mistake in told
    assert "xoxp-not-a-bot-token" not in told
    assert "Traceback" not in told


async def test_told_to_stop_it_finishes_what_it_began_and_the_next_start_says_the_rest(open_site: OpenSite) -> None:
    site = await open_site()
    bot = await site.start(EIGHTBELLS_METRICS_TOKEN="a-token-for-metrics")
    for number in range(6):  # more than the channel takes at once
        await site.play.send("U0TOM", "C0GENERAL", f"/plan add Change number {number} in payments")
    bearer = {"Authorization": "Bearer a-token-for-metrics"}
    async with site.play.http.get(f"{site.bot_url}/metrics", headers=bearer) as answer:
        counted = await answer.text()
    assert await bot.stop() == 0, bot.said
    lines = [json.loads(line) for line in bot.said.splitlines()]  # every line of its log is for a machine
    assert [line["event"] for line in lines if line["level"] in ("error", "critical")] == []
    for secret in ("xoxb-playground-token", "playground-signing-secret"):
        assert secret not in bot.said + counted
    assert "eightbells_" in counted
    await site.start()

    async def all_said() -> bool:
        said = [m["text"] for m in await site.play.messages() if "Change number" in m["text"]]
        return len(said) == 6

    await eventually("all six are said", all_said)


async def test_beside_a_running_bot_an_operator_lists_what_is_dead_and_proves_the_ledger(
    open_site: OpenSite, postgres_server
) -> None:
    site = await open_site(postgres_server.fresh())
    await site.start()
    fault = {"kind": "error", "error": "channel_not_found", "method": "chat.postMessage", "channel": "C0WEB"}
    await site.play.ask("faults", fault)
    await site.play.send("U0TOM", "C0GENERAL", "/plan add Louder bell in web")

    async def listed() -> str | None:
        status, told = await site.eightbells("replay")
        assert status == 0, told
        return told if "channel_not_found" in told else None

    told = await eventually("the dead letter is listed", listed)
    kind, letter = told.split()[:2]
    status, said = await site.eightbells("replay", kind, letter)
    assert status == 0, said
    await site.play.said("Louder bell", channel="C0WEB")
    status, said = await site.eightbells("audit")
    assert status == 0, said
    assert "The chain is whole in itself" in said
