"""The whole bot killed in the middle of its work: nothing is lost, nothing is said twice, on either database."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial

import pytest
from aiohttp import ClientError

from tests.e2e.conftest import OpenSite
from tests.e2e.product import HOOK_SECRETS, Site, eventually, is_asked_for
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("git")]

PLANNED = 6  # changes by as many commands
FIRED = 5  # alerts by as many deliveries


async def plan(site: Site, number: int) -> tuple[str, bool]:
    """Plan a change with a title of its own; the title, and whether the person was told that it is done."""
    title = f"Change number {number:02}"
    service = ("web", "payments")[number % 2]  # two channels, since each takes about one message a second
    answer = await site.play.send("U0TOM", "C0GENERAL", f"/plan add {title} in {service}")
    told = any(f"{title} is planned" in whisper for whisper in await site.play.whispers("U0TOM"))
    return title, bool(answer["ok"]) and told


async def fire(site: Site, number: int, port: int | None = None) -> str:
    """Deliver an alert as Alertmanager does: again and again until it is taken; the alert's name."""
    name = f"Alert{number:02}"
    alert = {
        "status": "firing",
        "labels": {"alertname": name, "service": "web", "env": "production", "severity": "warning"},
        "annotations": {"summary": f"{name} is on"},
        "startsAt": "2026-01-05T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": f"{number:016x}",
    }
    body = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "status": "firing",
        "receiver": "eightbells",
        "groupLabels": {"alertname": name},
        "commonLabels": alert["labels"],
        "commonAnnotations": alert["annotations"],
        "externalURL": "http://alertmanager.example",
        "truncatedAlerts": 0,
        "alerts": [alert],
    }
    url = f"http://127.0.0.1:{port or site.bot_port}/hooks/alertmanager"
    headers = {"Authorization": f"Bearer {HOOK_SECRETS['alertmanager']}"}

    async def taken() -> bool:
        try:
            async with site.play.http.post(url, json=body, headers=headers) as answer:
                return answer.status == 202
        except ClientError:
            return False

    await eventually(f"{name} is taken", taken)
    return name


async def check(site: Site, planned: list[tuple[str, bool]], fired: list[str]) -> None:
    """All that was promised is said, and nothing is said twice."""
    promised = [title for title, told in planned if told]

    async def all_said() -> bool:
        said = "\n".join(m["text"] for m in await site.play.messages())
        return all(words in said for words in [*promised, *fired])

    await eventually("all is said", all_said)
    messages = await site.play.messages()
    keys = Counter(m["metadata"]["event_payload"]["key"] for m in messages)
    assert [key for key, count in keys.items() if count > 1] == []
    for words in [title for title, _ in planned] + fired:
        cards = [m for m in messages if words in m["text"] and "thread_ts" not in m]
        assert len(cards) <= 1, words


async def test_killed_in_a_burst_of_commands_and_webhooks_the_bot_loses_and_doubles_nothing(
    open_site: OpenSite, database_url: str
) -> None:
    site = await open_site(database_url)
    bot = await site.start()
    fires = [asyncio.create_task(fire(site, n)) for n in range(FIRED)]
    planned: list[tuple[str, bool]] = []
    for n in range(PLANNED):
        planned.append(await plan(site, n))
        if n % 3 == 2:
            commands = asyncio.create_task(plan(site, 50 + n))
            bot.kill()
            planned.append(await commands)
            bot = await site.start()
    await check(site, planned, await asyncio.gather(*fires))
    assert sum(told for _, told in planned) >= PLANNED
    assert await bot.stop() == 0, bot.said
    status, said = await site.eightbells("audit")
    assert status == 0, said


@needs("postgresql")
@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_two_replicas_share_the_work_and_one_carries_on_alone(
    open_site: OpenSite, postgres_server, socket_mode: bool
) -> None:
    site = await open_site(postgres_server.fresh(), socket_mode=socket_mode)
    first = await site.start()
    second = await site.start(PORT="0")
    port = int((await second.says(r"127\.0\.0\.1:(\d+)"))[1])
    fires = [asyncio.create_task(fire(site, n, port)) for n in range(FIRED)]
    planned = [await plan(site, n) for n in range(PLANNED // 2)]
    if socket_mode:
        first.kill()  # the other connection takes what comes now
    else:
        await asyncio.gather(*fires)
        second.kill()
    planned += [await plan(site, n) for n in range(PLANNED // 2, PLANNED)]
    await check(site, planned, await asyncio.gather(*fires))
    survivor = second if socket_mode else first
    assert await survivor.stop() == 0, survivor.said


async def test_cards_work_after_a_restart_and_a_run_that_was_cut_off_asks_how_it_ended(open_site: OpenSite) -> None:
    site = await open_site()
    bot = await site.start()
    await eventually("it is asked for", partial(is_asked_for, site, "U0TOM", "web v1.4.0 to production"))
    card = await site.play.said("Waiting for approval", channel="C0DEPLOYS")
    bot.kill()

    bot = await site.start()
    assert (await site.play.press("U0MEI", card, "deploy.approve"))["ok"]
    await site.play.said("Running · web v1.4.0 → production · ")  # its progress in the thread
    bot.kill()

    bot = await site.start()
    card = await site.play.said("Interrupted · web v1.4.0 → production", "Asked by Tom")
    assert "It is live" in json.dumps(card["blocks"])
    await site.play.press("U0MEI", card, "deploy.settle")
    await site.play.said("Live · web v1.4.0 → production", "Asked by Tom")
    assert await bot.stop() == 0, bot.said
