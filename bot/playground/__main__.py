"""`python -m bot.playground`: starts the stand-in workspace and prints where it is."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bot.playground.coverage import markdown
from bot.playground.guard import keep_to_ourselves
from bot.playground.options import DEFAULT_SEED, Options, UnsafeOptions, environment
from bot.playground.server import serving

EPILOG = """\
environment:
  PLAYGROUND_SIGNING_SECRET   signs deliveries to the bot (default playground-signing-secret)
  PLAYGROUND_BOT_TOKEN        the bot's token, xoxb-playground-… (default xoxb-playground-token)
  PLAYGROUND_APP_TOKEN        the app-level token of Socket Mode, xapp-playground-… (default xapp-playground-token)
  PLAYGROUND_HOOK_SECRETS     JSON object, webhook source -> secret (default playground-<source>-secret)
  PLAYGROUND_CLOCK_HOOK       address of the bot that is told when the clock moves

It listens on this machine only and takes no real Slack token.
"""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m bot.playground",
        description="A local stand-in for one Slack workspace, with a page to try a bot in. It is not Slack.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--port", type=int, default=3001, help="port to listen on; 0 picks a free one (default 3001)")
    made.add_argument(
        "--bot-url", default="http://127.0.0.1:3000", help="where the bot listens (default %(default)s)"
    )
    made.add_argument(
        "--manifest", type=Path, help="the app's manifest: its commands, shortcuts, scopes and events"
    )
    made.add_argument("--deliveries", type=Path, help="folder of <source>/deliveries/<name>.http files to replay")
    made.add_argument(
        "--seed", type=Path, default=DEFAULT_SEED, help="people, channels and first messages, as JSON"
    )
    made.add_argument(
        "--strict-pace", action="store_true", help="answer 429 beyond one message a second and channel"
    )
    made.add_argument("--coverage", action="store_true", help="print what is supported as Markdown, and end")
    return made


async def run(options: Options, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with serving(options, port=port) as served:
        print(f"Playground: {served.url}", flush=True)  # noqa: T201
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """The program; its exit code."""
    given = parser().parse_args(arguments)
    if given.coverage:
        print(markdown())  # noqa: T201
        return 0
    keep_to_ourselves()
    names = ("bot_url", "manifest", "deliveries", "seed", "strict_pace")
    try:
        chosen: dict[str, Any] = environment(os.environ) | {name: getattr(given, name) for name in names}
        asyncio.run(run(Options(**chosen), given.port))
    except (UnsafeOptions, OSError, ValueError, KeyError, TypeError) as problem:
        print(f"The playground does not start: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
