"""Bare Bolt, as small as it can be, on the same server with the same signature check: our yardstick.

python -m benchmarks.bare PORT SECRET default|fast
"""

import sys

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest


async def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
    """Nobody is asked: neither does ours ask Slack for each request."""
    return AuthorizeResult(
        enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb-bench", bot_id="B", bot_user_id="U"
    )


def main() -> None:
    """Serve until killed."""
    port, secret, mode = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    bolt = AsyncApp(signing_secret=secret, authorize=authorize, process_before_response=mode == "fast")

    for command in ("/flow", "/where", "/plan"):

        @bolt.command(command)
        async def answer(ack, command):  # type: ignore[no-untyped-def]
            await ack(f"{command['command']} {command['text']}")

    async def events(request: web.Request) -> web.Response:
        bolt_request: AsyncBoltRequest = await to_bolt_request(request)
        return await to_aiohttp_response(await bolt.async_dispatch(bolt_request))

    server = web.Application()
    server.router.add_post("/slack/events", events)
    web.run_app(server, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
