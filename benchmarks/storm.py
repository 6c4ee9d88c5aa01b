"""People, and what is critical, in a storm of alerts: ``python -m benchmarks.storm``.

10,000 alerts a minute of 200 groups, as Alertmanager posts them (two in a post, or ``--together``), at a steady rate;
every 10 s a critical one whose page calls whoever is on call; and people's verbs all the while. The bot is on SQLite,
or on the empty database at ``--database``, and speaks to a workspace that answers 429 beyond Slack's pace. Printed are
when the critical card and the page that mentions whoever is on call stood in the channel, and how long people waited
for answers, calm and in the storm of the same run. Exits with 1 where an aim is missed.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from benchmarks.alerts import asked, cpu_seconds, peak_megabytes
from benchmarks.load import Connection
from tests.e2e.product import HOOK_SECRETS, SIGNING_SECRET, Site, site

ALERTS_A_MINUTE, GROUPS, TOGETHER = 10_000, 200, 2  # alerts that Alertmanager posts together
WARM_SECONDS, CALM_SECONDS, STORM_SECONDS, CRITICAL_EVERY, VERBS_A_SECOND = 15, 60, 60, 10, 10
CONNECTIONS = 8
CARD_AIM, PAGE_AIM, ANSWERS_AIM = 2.0, 5.0, 3.0  # seconds, seconds, times the calm 99th percentile
WITHIN_SECONDS = 120
ON_CALL = "U0MEI"


def request(host: str, group: str, alerts: Sequence[dict[str, Any]]) -> bytes:
    """One post of Alertmanager's, as bytes on the wire."""
    notification = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{group}"}}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "eightbells",
        "groupLabels": {"alertname": group},
        "commonLabels": {"alertname": group},
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
        "alerts": list(alerts),
    }
    content = json.dumps(notification).encode()
    head = (
        f"POST /hooks/alertmanager HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {HOOK_SECRETS['alertmanager']}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def alert(name: str, instance: int, severity: str, service: str, step: int) -> dict[str, Any]:
    """One that fires; with each step its words are others, so that it is never a repetition."""
    return {
        "status": "firing",
        "labels": {"alertname": name, "severity": severity, "service": service, "instance": f"web-{instance}:9090"},
        "annotations": {"summary": f"load of {name} is {step}", "runbook_url": "https://wiki.example.com/load"},
        "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 30)),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example.com/graph?g0.expr=load",
        "fingerprint": f"{name}-{instance}",
    }


async def send(url: str, seconds: float, together: int) -> None:
    """The storm, each post at its instant, whatever the answers do."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    posts = int(ALERTS_A_MINUTE / together * seconds / 60)
    begun = time.perf_counter()
    statuses: dict[int, int] = {}
    numbers = iter(range(posts))

    async def worker() -> None:
        connection = Connection(host, port)
        await connection.open()
        for number in numbers:
            step, name = number // GROUPS, f"Load{number % GROUPS}"
            some = [alert(name, (step * together + n) % 10, "warning", "", step) for n in range(together)]
            wire = request(f"{host}:{port}", name, some)
            await asyncio.sleep(max(0.0, begun + number * seconds / posts - time.perf_counter()))
            status = await connection.ask(wire)
            statuses[status] = statuses.get(status, 0) + 1
        connection.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    print(json.dumps({"statuses": statuses, "seconds": time.perf_counter() - begun}))


@dataclass
class Critical:
    """When each critical alert was sent, by its name."""

    ready: Site
    sent: dict[str, float] = field(default_factory=dict[str, float])

    async def keep_firing(self, label: str, seconds: float) -> None:
        """One now, and one more each ``CRITICAL_EVERY`` seconds."""
        for number in range(int(seconds / CRITICAL_EVERY)):
            name = f"Critical{label}{number}"
            head, _, body = request("bot", name, [alert(name, 0, "critical", "web", 0)]).partition(b"\r\n\r\n")
            headers = {"Authorization": f"Bearer {HOOK_SECRETS['alertmanager']}"}
            self.sent[name] = time.time()
            answer = await self.ready.post("/hooks/alertmanager", body, headers)
            assert answer.status == 202, head
            await asyncio.sleep(CRITICAL_EVERY)

    async def waited(self, label: str) -> tuple[list[float], list[float]]:
        """How long each card and each page took; infinite where there was none within ``WITHIN_SECONDS``."""
        end = time.time() + WITHIN_SECONDS
        while True:
            messages = await self.ready.play.messages()
            cards, pages = ([], [])
            for name, at in self.sent.items():
                if name.startswith(f"Critical{label}"):
                    mine = [m for m in messages if name in re.findall(r"\w+", m["text"])]
                    cards.append(_first(at, [m for m in mine if "is called" not in m["text"]]))
                    pages.append(_first(at, [m for m in mine if "is called" in m["text"]]))
            if time.time() > end or all(one < float("inf") for one in (*cards, *pages)):
                return cards, pages
            await asyncio.sleep(1)


def _first(at: float, messages: Sequence[dict[str, Any]]) -> float:
    return min((m["received_at"] - at for m in messages), default=float("inf"))


async def answers(ready: Site, seconds: float) -> dict[str, float]:
    """What a second process measured of people's verbs."""
    how = ("--rate", str(VERBS_A_SECOND), "--seconds", str(seconds))
    wanted = (ready.bot_url, SIGNING_SECRET, "/plan", "add Storm change {n}", *how)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load", *wanted), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return json.loads(told)


async def waiting(database_url: str) -> int:
    """How many deliveries are not worked on yet."""
    query = "SELECT count(*) FROM inbox WHERE state IN ('waiting', 'running')"
    if database_url.startswith("sqlite"):
        return asked(database_url.removeprefix("sqlite:///"), query)
    conn = await asyncpg.connect(database_url)
    try:
        return await conn.fetchval(query)
    finally:
        await conn.close()


async def storm(ready: Site, together: int) -> bool:
    """Calm, then the storm; whether the aims are met."""
    await ready.play.ask("faults", {"kind": "pace", "strict": True})
    bot = await ready.start()
    critical = Critical(ready)
    # What is loaded when it is first wanted (templates, dates, a source's models) is no part of a calm day.
    await asyncio.gather(answers(ready, WARM_SECONDS), critical.keep_firing("Warm", CRITICAL_EVERY))
    calm, _ = await asyncio.gather(answers(ready, CALM_SECONDS), critical.keep_firing("Calm", CALM_SECONDS))
    figures = {"calm": await critical.waited("Calm")}
    before = cpu_seconds(bot.process.pid)
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.storm", "--send", ready.bot_url, str(STORM_SECONDS)),
        *("--together", str(together)),
        stdout=asyncio.subprocess.PIPE,
    )
    loaded, _ = await asyncio.gather(answers(ready, STORM_SECONDS), critical.keep_firing("Storm", STORM_SECONDS))
    load = os.getloadavg()[0]
    busy = (cpu_seconds(bot.process.pid) - before) / STORM_SECONDS
    told, _ = await sender.communicate()
    behind = await waiting(ready.database_url)
    figures["storm"] = await critical.waited("Storm")
    for name, (cards, pages) in figures.items():
        print(
            f"{name}   card median {median(cards):.2f} s, most {max(cards):.2f} s (aim ≤ {CARD_AIM:g})", end=" · "
        )
        print(f"page median {median(pages):.2f} s, most {max(pages):.2f} s (aim ≤ {PAGE_AIM:g})")
    times = loaded["p99_ms"] / calm["p99_ms"]
    print(f"answers 99th percentile calm {calm['p99_ms']:.0f} ms · storm {loaded['p99_ms']:.0f} ms", end=" · ")
    print(f"{times:.1f} times (aim ≤ {ANSWERS_AIM:g}) · medians {calm['p50_ms']:.0f}, {loaded['p50_ms']:.0f} ms")
    print(f"sent    {json.loads(told)} · {behind} deliveries still waited then")
    print(f"machine load {load:.1f} on {os.cpu_count()} cores · the bot had {busy:.2f} of a core", end=" · ")
    print(f"{peak_megabytes(bot.process.pid):.0f} MB at most")
    cards, pages = figures["storm"]
    return max(cards) <= CARD_AIM and max(pages) <= PAGE_AIM and times <= ANSWERS_AIM


async def measure(database_url: str, together: int) -> bool:
    """The storm, in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder), database_url or f"sqlite:///{folder}/storm.db") as ready:
            with (Path(folder) / "demo" / "eightbells.yml").open("a") as team:
                team.write(f"rotations: {{web: {{people: [{ON_CALL}], services: [web]}}}}\n")
            return await storm(ready, together)


def main() -> None:
    """Measure, or be the second process that sends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--send", nargs=2, metavar=("URL", "SECONDS"))
    parser.add_argument("--together", type=int, default=TOGETHER, help="alerts in a post")
    parser.add_argument("--database", default="", help="postgresql://…, empty; by default a file that goes away")
    args = parser.parse_args()
    if args.send:
        asyncio.run(send(args.send[0], float(args.send[1]), args.together))
        return
    sys.exit(0 if asyncio.run(measure(args.database, args.together)) else 1)


if __name__ == "__main__":
    main()
