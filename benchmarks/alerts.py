"""A burst of alerts through the whole product: ``python -m benchmarks.alerts``.

10,000 alerts of 200 groups, each a delivery of its own with Alertmanager's bearer token, are sent by a second process
as fast as they are taken, to a bot on SQLite that speaks to a workspace which answers 429 beyond Slack's pace. Printed
are how fast they were answered, when the first critical one stood in the channel, how long it took until all was said,
and whether every message then says what is so. Exits with 1 where an aim is missed.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load import Connection
from tests.e2e.product import HOOK_SECRETS, Site, site

ALERTS, GROUPS, INSTANCES, CONNECTIONS = 10_000, 200, 10, 16
STEPS = ALERTS // GROUPS
PER_SECOND_AIM, CRITICAL_SECONDS_AIM, MEGABYTES_AIM = 500, 2.0, 200
SAID_WITHIN_SECONDS = 240
FIRST_CRITICAL = 30  # the group; those before it are enough to fill the channel's pace


def body(number: int, run: str, started: str, ended: str) -> bytes:
    """One delivery. The last steps of the even groups resolve their instances, the odd groups fire on."""
    group, step = number % GROUPS, number // GROUPS
    over = step >= STEPS - INSTANCES and group % 2 == 0
    name = f"Load{group}"
    labels = {
        "alertname": name,
        "severity": "critical" if group >= FIRST_CRITICAL and group % 10 == 0 else "warning",
        "instance": f"web-{step % INSTANCES}:9090",
        "cluster": f"eu-{group % 4}",
    }
    alert = {
        "status": "resolved" if over else "firing",
        "labels": labels,
        "annotations": {"summary": f"load of {name} is {step}", "runbook_url": "https://wiki.example.com/load"},
        "startsAt": started,
        "endsAt": ended if over else "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example.com/graph?g0.expr=load",
        "fingerprint": f"{run}{group:04}{step % INSTANCES:02}",
    }
    notification = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}", run="{run}"}}',
        "truncatedAlerts": 0,
        "status": alert["status"],
        "receiver": "eightbells",
        "groupLabels": {"alertname": name},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
        "alerts": [alert],
    }
    return json.dumps(notification).encode()


def requests(host: str, secret: str) -> list[bytes]:
    """All deliveries as bytes on the wire."""
    now = time.time()
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 30))
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 1))
    run = f"{int(now):x}"
    found: list[bytes] = []
    for number in range(ALERTS):
        content = body(number, run, started, ended)
        head = (
            f"POST /hooks/alertmanager HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {secret}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        found.append(head.encode() + content)
    return found


async def send(url: str, secret: str) -> dict[str, Any]:
    """Send them all as fast as they are answered; when the first critical one was sent and how it went."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    wire = requests(f"{host}:{port}", secret)
    numbers = count()
    statuses: dict[int, int] = {}
    critical_at = 0.0

    async def worker() -> None:
        nonlocal critical_at
        connection = Connection(host, port)
        await connection.open()
        while (number := next(numbers)) < len(wire):
            if number == FIRST_CRITICAL:
                critical_at = time.time()
            status = await connection.ask(wire[number])
            statuses[status] = statuses.get(status, 0) + 1
        connection.close()

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return {"seconds": time.perf_counter() - begun, "statuses": statuses, "critical_at": critical_at}


class Watch:
    """Counts what the workspace answered with 429; its own list of calls holds only the last of them."""

    def __init__(self, ready: Site) -> None:
        self._ready = ready
        self.refused = self.seen = 0

    async def look(self) -> None:
        """Count what came since the last look."""
        rows = await self._ready.play.ask(f"traffic?after={self.seen}")
        for row in rows if isinstance(rows, list) else rows["rows"]:
            self.seen = max(self.seen, row["n"])
            self.refused += row["status"] == 429

    async def keep_looking(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(1)


def asked(path: str, query: str) -> Any:
    """One figure of the bot's database."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return conn.execute(query).fetchone()[0]


def wrong_messages(path: str, said: dict[str, str]) -> list[str]:
    """Groups whose message, or place in a storm's list, does not say what the database holds."""
    wrong: list[str] = []
    listed = "\n".join(text for text in said.values())
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        groups = [json.loads(row[0]) for row in conn.execute("SELECT body FROM noun_alert_group")]
        shown = {row[0]: said.get(row[1], "") for row in conn.execute("SELECT key, ts FROM outbox")}
    if len(groups) != GROUPS:
        wrong.append(f"{len(groups)} groups instead of {GROUPS}")
    for group in groups:
        number = int(group["alerts"][0]["labels"]["alertname"].removeprefix("Load"))
        state = "resolved" if number % 2 == 0 else "firing"
        if group["state"] != state:
            wrong.append(f"{group['id']} is {group['state']}, not {state}")
        if group["has_card"]:
            text = shown.get(f"alert:{group['id']}", "")
            word = "Resolved" if state == "resolved" else "Firing"
            newest = f"load of Load{number} is {STEPS - INSTANCES}" if state == "firing" else ""
            if not (word in text and newest in text and f"Load{number} " in text):
                wrong.append(f"{group['id']}: {text[:80]!r}")
        elif f"{state}: {group['id']} Load{number}\n" not in f"{listed}\n":
            wrong.append(f"{group['id']} is not listed as {state}")
    return wrong


async def critical_after(ready: Site, sent_at: float) -> float:
    """Seconds from the first critical delivery to its message in the channel."""
    messages = await ready.play.messages()
    mine = [m for m in messages if f"Load{FIRST_CRITICAL} " in m["text"] and "Storm" not in m["text"]]
    return min((m["received_at"] - sent_at for m in mine), default=float("inf"))


async def burst(ready: Site) -> bool:
    """Send, wait until all is said, and hold what is shown against what is so; whether the aims are met."""
    path = ready.database_url.removeprefix("sqlite:///")
    await ready.play.ask("faults", {"kind": "pace", "strict": True})
    bot = await ready.start()
    watch = Watch(ready)
    watching = asyncio.create_task(watch.keep_looking())
    begun = time.perf_counter()
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.alerts", "--send", ready.bot_url, HOOK_SECRETS["alertmanager"]),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await sender.communicate()
    answers = json.loads(told)
    await _until(lambda: not asked(path, "SELECT count(*) FROM inbox WHERE state IN ('waiting', 'running')"), 120)
    worked = time.perf_counter() - begun
    unsaid = (
        "SELECT (SELECT count(*) FROM outbox WHERE state NOT IN ('sent')) + (SELECT count(*) FROM job "
        "WHERE state IN ('waiting', 'running') AND kind IN "
        "('alert.redraw', 'alert.newcomers', 'storm.redraw', 'storm.list'))"
    )
    done = await _until(lambda: not asked(path, unsaid), SAID_WITHIN_SECONDS)
    everything = time.perf_counter() - begun
    watching.cancel()
    await watch.look()
    said = {m["ts"]: m["text"] for m in await ready.play.messages()}
    wrong = wrong_messages(path, said)
    critical = await critical_after(ready, answers["critical_at"])
    most = peak_megabytes(bot.process.pid)
    per_second = ALERTS / answers["seconds"]
    lost = ALERTS - asked(path, "SELECT count(*) FROM inbox WHERE state = 'done'")
    cpu = cpu_seconds(bot.process.pid)
    print(f"answered        {per_second:,.0f} deliveries/s (aim {PER_SECOND_AIM}) · {answers['statuses']}")
    print(f"worked off      after {worked:.1f} s · lost {lost} (aim 0)")
    print(f"first critical  {critical:.2f} s after it was sent (aim < {CRITICAL_SECONDS_AIM:g})")
    print(
        f"all said        after {everything:.0f} s in {len(said)} messages{'' if done else ', and not all of it'}"
    )
    print(f"wrong messages  {len(wrong)} of {GROUPS} (aim 0) {wrong[:3]}")
    print(f"429 provoked    {watch.refused} (aim 0)")
    print(
        f"processor       {cpu:.1f} s of the bot's in all, {cpu / ALERTS * 1000:.2f} ms a delivery and what follows"
    )
    print(f"memory          {most:.0f} MB at most (aim < {MEGABYTES_AIM})")
    in_time = per_second >= PER_SECOND_AIM and critical < CRITICAL_SECONDS_AIM and done
    is_right = not wrong and not lost and not watch.refused and set(answers["statuses"]) == {"202"}
    return in_time and is_right and most < MEGABYTES_AIM


def peak_megabytes(pid: int) -> float:
    """The most that a process ever had in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """What a process has had of the processor: says more than the clock does on a machine that others use as well."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _until(so: Any, seconds: float) -> bool:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if so():
            return True
        await asyncio.sleep(0.1)
    return False


@asynccontextmanager
async def a_site() -> AsyncIterator[Site]:
    """A workspace and a place for the bot's database, in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder), f"sqlite:///{folder}/alerts.db") as ready:
            yield ready


async def measure() -> bool:
    """The burst."""
    async with a_site() as ready:
        return await burst(ready)


def main() -> None:
    """Measure, or be the second process that sends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--send", nargs=2, metavar=("URL", "SECRET"))
    args = parser.parse_args()
    if args.send:
        print(json.dumps(asyncio.run(send(*args.send))))
        return
    sys.exit(0 if asyncio.run(measure()) else 1)


if __name__ == "__main__":
    main()
