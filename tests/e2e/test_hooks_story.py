"""What other tools report: captured deliveries from the page's menu, then a real Alertmanager and Prometheus."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientError, web
from playwright.async_api import expect

from tests.e2e.conftest import Sit
from tests.e2e.product import Trial, eventually, free_port
from tests.needs import needs, path_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("chromium"), needs("git")]

SOON = "1s"  # instead of half a minute, so that a group is told at once


@contextmanager
def program(name: str, folder: Path, *arguments: str) -> Any:
    """A program of the machine, running."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([path_of(name) or name, *arguments], cwd=folder, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


@asynccontextmanager
async def alertmanager(trial: Trial, folder: Path) -> AsyncIterator[str]:
    """Alertmanager with the bot as its receiver; its address."""
    receiver = {
        "name": "eightbells",
        "webhook_configs": [
            {
                "url": f"{trial.bot_url}/hooks/alertmanager",
                "http_config": {"authorization": {"credentials": trial.secrets["alertmanager"]}},
            }
        ],
    }
    route = {"receiver": "eightbells", "group_by": ["alertname", "service"]}
    pace = {"group_wait": SOON, "group_interval": SOON, "repeat_interval": "1h"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump({"route": route | pace, "receivers": [receiver]}))
    port = await free_port()
    listens = f"--web.listen-address=127.0.0.1:{port}"
    options = ("--config.file=alertmanager.yml", "--storage.path=am", "--cluster.listen-address=", listens)
    with program("alertmanager", folder, *options):
        address = f"http://127.0.0.1:{port}"
        await _ready(trial, f"{address}/-/ready")
        yield address


async def _ready(trial: Trial, url: str) -> None:
    async def look() -> bool:
        try:
            async with trial.play.http.get(url) as answer:
                return answer.status == 200
        except ClientError:
            return False

    await eventually(f"{url} answers", look)


async def test_a_change_is_followed_from_its_pull_request_to_its_tests(sit: Sit) -> None:
    ana, tom = await sit("U0ANA", "builds"), await sit("U0TOM", "web")
    card = tom.card("C-1 Faster checkout")

    await ana.happen("Pull request for C-1 opened")
    await expect(card).to_contain_text("In code")
    await ana.happen("Pull request for C-1 merged")
    await expect(card).to_contain_text("In build")

    await ana.happen("Build of web starts")
    await ana.happen("Build of web passes")
    await ana.see("Passed · build · web · main", "Faster checkout (C-1)")
    await ana.happen("Tests of web fail")
    await ana.see("Failed · tests · web · main")

    await ana.write("/build web")
    await ana.told("Passed · web · build #37 on main")
    await ana.write("/test")
    await ana.told("Failed · web · tests #113 on main")
    for name in ("C-1", "#812", "9f3c2a1"):
        await ana.write(f"/where {name}")
        passport = await ana.told("C-1 Faster checkout", "merged web#812")
        await expect(passport).to_contain_text("passed")
        await expect(passport).to_contain_text("failed")


async def test_an_alert_is_one_card_from_its_first_breath_to_its_last(sit: Sit) -> None:
    mei = await sit("U0MEI", "alerts")
    await mei.happen("HighErrorRate fires in three places")
    card = await mei.see("HighErrorRate", "production · critical")
    await expect(card).to_contain_text("Firing")
    await expect(card).to_contain_text("3 alerts since")
    await expect(card.get_by_role("link", name="Runbook")).to_be_visible()

    await mei.press(card, "Acknowledge")
    await expect(card).to_contain_text("Acknowledged")
    await expect(card).to_contain_text("Mei is on it")
    await mei.write("/monitor")
    await mei.told("1 alert open", "Mei is on it")

    await mei.press(card, "Silence…")
    await mei.fill("end", "in 2 h")
    await mei.fill("reason", "the disk is being replaced")
    await mei.submit()
    await mei.write("/loose-ends")
    await mei.told("HighErrorRate", "Mei · until")

    await mei.happen("One of three resolves")
    await mei.happen("HighErrorRate resolves")
    await expect(card).to_contain_text("Resolved")
    await expect(card.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await mei.open_thread(card)
    await expect(mei.thread.filter(has_text="Acknowledged by Mei")).to_have_count(1)
    await mei.reply("@eightbells monitor note the disk is replaced")
    await expect(mei.thread.filter(has_text="Note by Mei: the disk is replaced")).to_have_count(1)
    await expect(mei.thread.filter(has_text="Resolved after")).to_have_count(1)
    await expect(mei.card("HighErrorRate")).to_have_count(1)


@needs("alertmanager")
async def test_alertmanager_fires_a_group_mei_takes_it_and_it_resolves(
    sit: Sit, trial: Trial, tmp_path: Path
) -> None:
    mei = await sit("U0MEI", "alerts")
    async with alertmanager(trial, tmp_path) as address:

        async def post(*instances: str, resolved: bool = False) -> None:
            now = datetime.now(UTC)
            ends = {"endsAt": now.isoformat()} if resolved else {}
            alerts = [
                {
                    "labels": {
                        "alertname": "QueueGrows",
                        "service": "payments",
                        "env": "production",
                        "severity": "warning",
                        "instance": instance,
                    },
                    "annotations": {"summary": f"Queue grows on {instance}"},
                    "startsAt": (now - timedelta(minutes=6)).isoformat(),
                }
                | ends
                for instance in instances
            ]
            async with trial.play.http.post(f"{address}/api/v2/alerts", json=alerts) as answer:
                assert answer.status == 200, await answer.text()

        await post("payments-1", "payments-2")
        card = await mei.see("QueueGrows", "payments · production · warning")
        await expect(card).to_contain_text("Firing")
        await expect(card).to_contain_text("2 alerts since")
        await mei.press(card, "Acknowledge")
        await expect(card).to_contain_text("Acknowledged")
        await post("payments-1", resolved=True)
        await expect(card).to_contain_text("Queue grows on payments-1 (resolved)")
        await expect(card).to_contain_text("Acknowledged")
        await post("payments-2", resolved=True)
        await expect(card).to_contain_text("Resolved")
        await expect(mei.card("QueueGrows", "production · warning")).to_have_count(1)


@needs("alertmanager")
@needs("prometheus")
async def test_prometheus_sees_errors_rise_and_fall_and_the_channel_sees_it_too(
    sit: Sit, trial: Trial, tmp_path: Path
) -> None:
    mei = await sit("U0MEI", "alerts")
    async with alertmanager(trial, tmp_path) as address, _shop() as (target, ratio):
        rule = {
            "alert": "ErrorRatioHigh",
            "expr": "shop_error_ratio > 0.5",
            "labels": {"severity": "critical", "service": "web", "env": "production"},
            "annotations": {"summary": "{{ $value | humanizePercentage }} of requests fail"},
        }
        (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "shop", "rules": [rule]}]}))
        settings = {
            "global": {"scrape_interval": SOON, "evaluation_interval": SOON},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [target]}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [address.removeprefix("http://")]}]}]},
        }
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings))
        listens = f"--web.listen-address=127.0.0.1:{await free_port()}"
        with program("prometheus", tmp_path, "--config.file=prometheus.yml", "--storage.tsdb.path=db", listens):
            card = await mei.see("ErrorRatioHigh", "web · production · critical")
            await expect(card).to_contain_text("Firing")
            await expect(card).to_contain_text("80% of requests fail")
            ratio.append(0.01)
            await expect(card).to_contain_text("Resolved")


@asynccontextmanager
async def _shop() -> AsyncIterator[tuple[str, list[float]]]:
    """Something to scrape: its address, and the ratios of errors it has had so far."""
    ratio = [0.8]

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=f"shop_error_ratio {ratio[-1]}\n")

    server = web.Application()
    server.router.add_get("/metrics", metrics)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}", ratio
    finally:
        await runner.cleanup()
