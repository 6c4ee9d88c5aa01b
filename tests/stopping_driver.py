"""`eightbells run` with one job more: it hangs, and is deaf to being ended. What ``test_stopping`` sends SIGTERM to."""

import asyncio

from bot import __main__, app, discovery
from bot.core.jobs import Due, Outcome
from bot.core.ports import Tools

HANGS = "test.hangs"


async def hang(tools: Tools, due: Due) -> Outcome:
    """Never end, however often somebody wants it."""
    print("the job hangs", flush=True)  # noqa: T201 -- the test waits for it
    while True:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            if due.job.args["is_deaf"]:
                continue
            raise


def main() -> None:
    """Run the bot."""
    found = discovery.workflows()
    found.outside[HANGS] = hang
    app.discovery.workflows = lambda: found
    __main__.main()


if __name__ == "__main__":
    main()
