"""`eightbells try`: the bot, a stand-in for a workspace beside it, and a demonstration team between them."""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import ClientSession, web
from slack_sdk.signature import SignatureVerifier

from bot import discovery
from bot.app import Bot, running
from bot.config import known_secrets, load
from bot.runtime import logs
from bot.runtime.clock import MovableClock
from bot.runtime.process_privacy import keep_to_ourselves
from bot.slack import manifest
from bot.try_out.demo import make_demo

VENDORS = Path(__file__).parents[1] / "vendors"
CLOCK_PATH = "/try/clock"
DATABASE = "eightbells.db"
STARTS_WITHIN_SECONDS = 15
TOKENS = ("GITHUB_TOKEN", "GITHUB_TOKENS", "GITLAB_TOKEN", "GITLAB_TOKENS")
# What the stand-in needs of our environment, by how the names begin; no secret of ours is its business.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "PYTHON", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "COVERAGE_")
# Who says what before anybody looks, so that the board is not empty; C-1 is what the captured webhooks name.
STORY = (
    (
        "U0ANA",
        "/plan add Faster checkout goal one step instead of three for a drop-off of 25 % instead of 31 % in web",
    ),
    ("U0TOM", "/plan add Round prices in yen for fewer questions to support in payments"),
)

log = structlog.get_logger(__name__)


async def try_out(
    folder: Path, *, page_port: int, bot_port: int, socket_mode: bool, with_tokens: bool, stop: asyncio.Event
) -> None:
    """Run until ``stop`` is set. The workspace lives in memory, so the bot begins anew at every start too.

    Code hosts are asked as nobody in particular, unless ``with_tokens``: a demonstration acts in nobody's name.
    Raises ``OSError`` where a port is taken, and as ``bot.app.running`` does.
    """
    # Its demonstration runs real commands, which are told nothing of what our environment holds.
    keep_to_ourselves(known_secrets(os.environ))
    team_file = await asyncio.to_thread(_prepare, folder)
    database = folder / DATABASE
    shared = _secrets(discovery.sources())
    clock = MovableClock()
    async with _clock_hook(clock, shared["signing"]) as (hook, moved):
        bot_port = bot_port or await _free_port()
        options = ["--port", str(page_port), "--bot-url", f"http://127.0.0.1:{bot_port}"]
        async with _playground(folder, options, shared, hook) as page:
            environ = _environment(shared, page, bot_port, team_file, database, socket_mode=socket_mode)
            if with_tokens:
                environ |= {name: os.environ[name] for name in TOKENS if name in os.environ}
            settings, team = load(environ)
            logs.configure("warning", settings.secrets | known_secrets(os.environ, team))
            async with running(settings, team, clock=clock) as bot:
                moved.append(bot)
                await _tell_story(page)
                _welcome(page, bot.address, shared)
                await stop.wait()


def _prepare(folder: Path) -> Path:
    """The demonstration's files, and no database of an earlier workspace."""
    team_file = make_demo(folder)
    for old in folder.glob(f"{DATABASE}*"):
        old.unlink()
    return team_file


def _secrets(sources: Mapping[str, object]) -> dict[str, str]:
    """New ones at every start, for nobody but these two processes."""
    hooks = {name: secrets.token_hex(8) for name in sources}
    return {
        "signing": secrets.token_hex(16),
        "bot": f"xoxb-playground-{secrets.token_hex(8)}",
        "app": f"xapp-playground-{secrets.token_hex(8)}",
        "hooks": json.dumps(hooks),
    }


def _environment(
    shared: Mapping[str, str], page: str, bot_port: int, team_file: Path, database: Path, *, socket_mode: bool
) -> dict[str, str]:
    speaks = {"SLACK_APP_TOKEN": shared["app"]} if socket_mode else {"SLACK_SIGNING_SECRET": shared["signing"]}
    hooks = {
        f"EIGHTBELLS_HOOK_SECRET_{name.upper()}": secret for name, secret in json.loads(shared["hooks"]).items()
    }
    return {
        "SLACK_BOT_TOKEN": shared["bot"],
        "SLACK_API_URL": f"{page}/api/",
        "DATABASE_URL": f"sqlite:///{database.resolve()}",
        "EIGHTBELLS_CONFIG": str(team_file),
        "PORT": str(bot_port),
        "EIGHTBELLS_URL": f"http://127.0.0.1:{bot_port}",
        **speaks,
        **hooks,
    }


@asynccontextmanager
async def _playground(folder: Path, options: list[str], shared: Mapping[str, str], hook: str) -> AsyncIterator[str]:
    """The stand-in as a process of its own; gives its address."""
    written = folder / "manifest.yml"
    written.write_text(manifest.manifest(discovery.commands()), encoding="utf-8")
    environ = {
        **{name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)},
        "PLAYGROUND_SIGNING_SECRET": shared["signing"],
        "PLAYGROUND_BOT_TOKEN": shared["bot"],
        "PLAYGROUND_APP_TOKEN": shared["app"],
        "PLAYGROUND_HOOK_SECRETS": shared["hooks"],
        "PLAYGROUND_CLOCK_HOOK": hook,
    }
    arguments = [*options, "--manifest", str(written), "--deliveries", str(VENDORS)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.playground", *arguments, env=environ, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield await _address(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    """What the playground prints once it listens. Raises ``OSError`` where it does not come to that."""
    assert process.stdout is not None  # noqa: S101  for the type checker: it was asked for
    async with asyncio.timeout(STARTS_WITHIN_SECONDS):
        line = (await process.stdout.readline()).decode().strip()
    address = line.rpartition(" ")[2]
    if not address.startswith("http://"):
        raise OSError(f"the playground did not start: {line or 'see above'}")
    return address


@asynccontextmanager
async def _clock_hook(clock: MovableClock, secret: str) -> AsyncIterator[tuple[str, list[Bot]]]:
    """A small server that is told when the workspace's clock moves; the bot to wake is put into the list."""
    bots: list[Bot] = []
    verifier = SignatureVerifier(secret)

    async def move(request: web.Request) -> web.Response:
        body = await request.text()
        if not verifier.is_valid_request(body, dict(request.headers)):
            return web.json_response({"ok": False}, status=401)
        clock.jump_to(timedelta(seconds=float(json.loads(body)["offset_seconds"])))
        for bot in bots:
            bot.wake()
        return web.json_response({"ok": True})

    server = web.Application()
    server.router.add_post(CLOCK_PATH, move)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{CLOCK_PATH}", bots
    finally:
        await runner.cleanup()


async def _free_port() -> int:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


async def _tell_story(page: str) -> None:
    headers = {"Origin": page}
    async with ClientSession(headers=headers) as session:
        for who, text in STORY:
            said = {"as": who, "channel": "C0GENERAL", "text": text}
            async with session.post(f"{page}/_play/send", json=said) as answer:
                if answer.status != 200:
                    log.warning("story.not_told", status=answer.status, text=text)


def _welcome(page: str, bot: str, shared: Mapping[str, str]) -> None:
    hooks = json.loads(shared["hooks"])
    lines = [
        "",
        f"  Open {page} in a browser. Ctrl-C ends it.",
        "",
        "  Say for example  /deploy web v1.4.0 to production  and approve it as somebody else.",
        f"  Webhooks:        {bot}/hooks/alertmanager (bearer {hooks.get('alertmanager', '')})",
        f"                   {bot}/hooks/github (secret {hooks.get('github', '')})",
        f"                   {bot}/hooks/deploys (secret {hooks.get('deploys', '')})",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
