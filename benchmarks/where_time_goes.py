"""Profiles the whole bot under load from a second process, and sums its own time by who wrote the code."""

import asyncio
import cProfile
import pstats
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.edge import SECRET, TOKEN, environment, free_port
from bot.app import running
from bot.config import load
from bot.playground.options import Options
from bot.playground.server import serving

GROUPS = (
    ("bot/slack/grammar", "reading the words"),
    ("bot/slack/inbound", "the edge: guard, doors, policy, answers"),
    ("bot/slack/rendering", "rendering"),
    ("jinja2", "rendering"),
    ("<template>", "rendering"),
    ("templates/", "rendering"),
    ("bot/storage", "storage of ours"),
    ("sqlalchemy", "SQLAlchemy"),
    ("aiosqlite", "SQLite and its thread"),
    ("sqlite3", "SQLite and its thread"),
    ("greenlet", "SQLAlchemy"),
    ("pydantic", "storage of ours"),
    ("slack_bolt", "Bolt"),
    ("slack_sdk", "Bolt"),
    ("aiohttp", "aiohttp: HTTP and the socket"),
    ("asyncio", "asyncio"),
    ("commands/", "commands, stages, core"),
    ("bot/stages", "commands, stages, core"),
    ("bot/team", "commands, stages, core"),
    ("bot/core", "commands, stages, core"),
)


async def profiled(command: str, text: str) -> pstats.Stats:
    """The bot's own time while a second process asks for the same thing with 16 connections."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Options(bot_token=TOKEN, signing_secret=SECRET)) as page:
            settings, team = load(environment(Path(folder), page.url, f"http://127.0.0.1:{free_port()}"))
            async with running(settings, team) as bot:
                asked = [sys.executable, "-m", "benchmarks.load", bot.address, SECRET, command, text]
                profile = cProfile.Profile()
                process = await asyncio.create_subprocess_exec(
                    *asked, "--closed", "16", "--seconds", "4", stdout=asyncio.subprocess.DEVNULL
                )
                profile.enable()
                await process.wait()
                profile.disable()
    return pstats.Stats(profile)


def shares(stats: pstats.Stats) -> dict[str, float]:
    """Own time by group, as shares of what was not waiting."""
    spent: dict[str, float] = defaultdict(float)
    for (file, _, function), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        if "select.epoll" in function:
            continue
        place = f"{file}:{function}"
        spent[next((name for part, name in GROUPS if part in place), "Python itself and the rest")] += own
    whole = sum(spent.values())
    return {name: own / whole for name, own in sorted(spent.items(), key=lambda one: -one[1])}


def main() -> None:
    """Print the shares."""
    for name, command, text in (("/flow", "/flow", ""), ("a verb that writes", "/plan", "add Bench change {n}")):
        print(f"\n  {name}")
        for group, share in shares(asyncio.run(profiled(command, text))).items():
            print(f"    {share:5.0%}  {group}")


if __name__ == "__main__":
    main()
