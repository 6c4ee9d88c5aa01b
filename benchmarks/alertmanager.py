"""The real Alertmanager's own Slack receiver beside us, in one run: ``python -m benchmarks.alertmanager``.

One Alertmanager tells every alert to both: by its webhook to the bot, and by its ``slack_configs`` to the same stand-in
for Slack. Printed is how much later our message stands in its channel than its own does.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from aiohttp import ClientError

from tests.e2e.product import BOT_TOKEN, HOOK_SECRETS, Site, eventually, free_port, site
from tests.needs import path_of

ROUNDS, PAUSE_SECONDS = 20, 1.6
LATER_MS_AIM = 20.0


def settings(ready: Site) -> dict[str, Any]:
    """Both receivers behind one route."""
    ours = {
        "url": f"{ready.bot_url}/hooks/alertmanager",
        "http_config": {"authorization": {"credentials": HOOK_SECRETS["alertmanager"]}},
    }
    its = {
        "api_url": f"{ready.play.url}/api/chat.postMessage",
        "channel": "#general",
        "username": "",  # the bot has no scope to call itself otherwise
        "pretext": "{{ .GroupLabels.alertname }}",
        "send_resolved": True,
        "http_config": {"authorization": {"credentials": BOT_TOKEN}},
        "title": "{{ .GroupLabels.alertname }}",
        "text": "{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}",
        "fallback": "{{ .GroupLabels.alertname }}",
    }
    both = {"name": "both", "webhook_configs": [ours], "slack_configs": [its]}
    route = {"receiver": "both", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"}
    return {"route": route | {"repeat_interval": "1h"}, "receivers": [both]}


@contextmanager
def alertmanager(folder: Path, ready: Site, port: int) -> Iterator[None]:
    """It runs, and ends with the block."""
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(settings(ready)))
    options = ("--config.file=alertmanager.yml", "--storage.path=am", "--cluster.listen-address=")
    listens = f"--web.listen-address=127.0.0.1:{port}"
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(
            [path_of("alertmanager") or "alertmanager", *options, listens], cwd=folder, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


async def fire(ready: Site, address: str, name: str) -> None:
    """Tell Alertmanager that something holds."""
    alert = {
        "labels": {"alertname": name, "severity": "warning", "service": "web"},
        "annotations": {"summary": f"{name} is high"},
        "startsAt": datetime.now(UTC).isoformat(),
    }
    async with ready.play.http.post(f"{address}/api/v2/alerts", json=[alert]) as answer:
        answer.raise_for_status()


async def rounds(folder: Path, ready: Site) -> list[tuple[float, float]]:
    """When its message and ours stood in their channels, of every round."""
    port = await free_port()
    address = f"http://127.0.0.1:{port}"
    with alertmanager(folder, ready, port):

        async def up() -> bool:
            try:
                async with ready.play.http.get(f"{address}/-/ready") as answer:
                    return answer.status == 200
            except ClientError:
                return False

        await eventually("Alertmanager answers", up)
        for number in range(ROUNDS):
            await fire(ready, address, f"Load{number:02}")
            await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.sleep(PAUSE_SECONDS)
    general, alerts = [await ready.play.channel(name) for name in ("general", "alerts")]
    its, ours = await ready.play.messages(general), await ready.play.messages(alerts)
    found: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        name = f"Load{number:02}"
        theirs = [m["received_at"] for m in its if name in str(m)]
        mine = [m["received_at"] for m in ours if name in m["text"]]
        if theirs and mine:
            found.append((min(theirs), min(mine)))
    return found


async def measure() -> bool:
    """Print the medians; whether the aim is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with site(folder, f"sqlite:///{folder}/alerts.db") as ready:
            with (folder / "demo" / "eightbells.yml").open("a") as team:
                team.write("alerts: {storm: 1000}\n")  # each alert of the run is a message of its own
            await ready.start()
            found = await rounds(folder, ready)
    later = [1000 * (ours - its) for its, ours in found]
    if len(later) < ROUNDS:
        print(f"only {len(later)} of {ROUNDS} alerts stood in both channels")
        return False
    print(f"ours after its own   median {median(later):.1f} ms (aim ≤ {LATER_MS_AIM:g}) · most {max(later):.1f} ms")
    return median(later) <= LATER_MS_AIM


def main() -> None:
    """Measure; exit with 1 where the aim is missed."""
    sys.exit(0 if asyncio.run(measure()) else 1)


if __name__ == "__main__":
    main()
