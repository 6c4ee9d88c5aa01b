"""The Slack edge against bare Bolt: the same server, signature check, load and machine, in one run.

    python -m benchmarks.edge

For `/flow`, `/where` and a verb that writes (committed before the answer) it prints the median at 100 requests a
second, and answers a second with 16 and 64 connections, each beside bare Bolt's default listener and its faster one
(``process_before_response``). Then it says where our time goes.
"""

import asyncio
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bot.try_out.demo import make_demo

SECRET = secrets.token_hex(16)
TOKEN = "xoxb-playground-bench"
VERBS = (
    ("/flow", "/flow", "", 0.3),
    ("/where", "/where", "C-1", None),
    ("a verb that writes", "/plan", "add Bench change {n}", 0.15),
)
ROUNDS = 3


def main() -> None:
    """Start everything, measure in turns, print."""
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as urls:
        send(urls["ours"], "/plan", "add The change that is asked about")
        for name, command, text, aim in VERBS:
            measured: dict[str, list[dict[str, float]]] = {who: [] for who in urls}
            for _ in range(ROUNDS):
                for who, url in urls.items():
                    measured[who].append(measure(url, command, text))
            report(name, measured, aim)
        print("Where our time goes (share of the process's time, by profiling /flow and the verb that writes):")
    subprocess.run([sys.executable, "-m", "benchmarks.where_time_goes"], check=True)


def report(name: str, measured: dict[str, list[dict[str, float]]], aim: float | None) -> None:
    """One verb's figures and ratios."""
    at = {who: {key: median(one[key] for one in rounds) for key in rounds[0]} for who, rounds in measured.items()}
    ours, default, fast = at["ours"], at["default"], at["fast"]
    print(f"\n{name}")
    print(
        f"  median at 100/s: ours {ours['p50']:.2f} ms · Bolt {default['p50']:.2f} ms"
        f" · faster Bolt {fast['p50']:.2f} ms"
        f" → ours/Bolt {ours['p50'] / default['p50']:.2f}"
    )
    for key in ("c16", "c64"):
        print(
            f"  {key}: ours {ours[key]:.0f}/s · Bolt {default[key]:.0f}/s · faster Bolt {fast[key]:.0f}/s"
            f" → ours/faster {ours[key] / fast[key]:.2f}" + (f" (aim {aim})" if aim else "")
        )


def measure(url: str, command: str, text: str) -> dict[str, float]:
    """One round on one server."""
    return {
        "p50": load(url, command, text, "--rate", "100", "--seconds", "3")["p50_ms"],
        "c16": load(url, command, text, "--closed", "16", "--seconds", "3")["per_second"],
        "c64": load(url, command, text, "--closed", "64", "--seconds", "3")["per_second"],
    }


def load(url: str, command: str, text: str, *how: str) -> dict[str, float]:
    """What the second process saw. Raises ``RuntimeError`` where an answer was not 200."""
    asked = [sys.executable, "-m", "benchmarks.load", url, SECRET, command, text, *how]
    told = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    if told["not_200"]:
        raise RuntimeError(f"{command} at {url}: {told['not_200']} answers were not 200")
    return told


def send(url: str, command: str, text: str) -> None:
    """One command."""
    load(url, command, text, "--rate", "1", "--seconds", "1")


@contextmanager
def started(folder: Path) -> Iterator[dict[str, str]]:
    """Ours (with a playground to speak to) and the two bare ones; gives their addresses."""
    processes: list[subprocess.Popen[str]] = []
    try:
        page = playground(processes)
        urls = {"ours": f"http://127.0.0.1:{free_port()}"}
        begin(processes, ["-m", "bot", "run"], environment(folder, page, urls["ours"]))
        for mode in ("default", "fast"):
            port = free_port()
            begin(processes, ["-m", "benchmarks.bare", str(port), SECRET, mode], {})
            urls[mode] = f"http://127.0.0.1:{port}"
        asyncio.run(until_listening(urls.values()))
        yield urls
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait()


def playground(processes: list["subprocess.Popen[str]"]) -> str:
    """The workspace that ours speaks to; gives its address."""
    known = {"PLAYGROUND_SIGNING_SECRET": SECRET, "PLAYGROUND_BOT_TOKEN": TOKEN}
    return begin(processes, ["-m", "bot.playground", "--port", "0"], known, read=True)


def environment(folder: Path, page: str, url: str) -> dict[str, str]:
    """Our settings: SQLite in a folder, the playground as Slack."""
    return {
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"{page}/api/",
        "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "EIGHTBELLS_CONFIG": str(make_demo(folder / "demo")),
        "EIGHTBELLS_LOG_LEVEL": "error",
        "PORT": url.rpartition(":")[2],
    }


def begin(
    processes: list["subprocess.Popen[str]"], arguments: list[str], environ: dict[str, str], *, read: bool = False
) -> str:
    """Start a process; gives the address that it prints, where it prints one."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environ},
        text=True,
        stdout=subprocess.PIPE if read else None,
    )
    processes.append(process)
    if not read:
        return ""
    assert process.stdout
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found
    return found[0]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


async def until_listening(urls: object) -> None:
    """Wait until every server answers."""
    for url in urls:  # type: ignore[attr-defined]
        port = int(url.rpartition(":")[2])
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break


if __name__ == "__main__":
    main()
