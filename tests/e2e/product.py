"""The whole product as processes: the bot, the stand-in for a workspace beside it, and how a test speaks to both."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import ClientResponse, ClientSession

from bot import discovery
from bot.slack import manifest
from bot.try_out.demo import make_demo

T = TypeVar("T")
Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
VENDORS = ROOT / "bot" / "vendors"
PATIENCE_SECONDS = 30.0  # for a busy machine; what works needs a fraction of it
LOOK_EVERY_SECONDS = 0.05

SIGNING_SECRET = "playground-signing-secret"
BOT_TOKEN = "xoxb-playground-token"
APP_TOKEN = "xapp-playground-token"
HOOK_SECRETS = {name: f"hook-secret-of-{name}" for name in ("github", "alertmanager", "deploys")}


async def eventually(what: str, look: Callable[[], Awaitable[T]], *, within: float = PATIENCE_SECONDS) -> T:
    """What ``look`` gives once it is true. Raises ``AssertionError`` with the last of it when it stays false."""
    until = time.monotonic() + within
    while not (seen := await look()):
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come true within {within:g} s; last seen: {seen!r}")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return seen


class Program:
    """A program of ours that runs as a process; what it says goes to a file."""

    def __init__(self, log: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "EIGHTBELLS_", "DATABASE"))}
        with log.open("ab") as said:
            self._from = said.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=inherited | dict(environ or {}),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    @property
    def said(self) -> str:
        """All that it has said since it started."""
        return self.log.read_bytes()[self._from :].decode(errors="replace")

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until it has said this. Raises ``AssertionError`` where it ends without."""

        async def look() -> re.Match[str] | None:
            found = re.search(pattern, self.said)
            if found is None and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode} and said:\n{self.said}")
            return found

        found = await eventually(f"“{pattern}” in {self.log.name}", look)
        assert found is not None
        return found

    async def ended(self) -> int:
        """Wait for its end; its exit status."""
        await eventually("the end of a process", self._has_ended, within=40)
        return self.process.returncode

    async def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        """As ``kill -9`` does: it cleans nothing up."""
        self.process.kill()
        self.process.wait()

    async def stop(self) -> int:
        """As an orchestrator stops it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()


@dataclass
class Play:
    """The stand-in's own interface, at its address."""

    url: str
    http: ClientSession

    async def ask(self, path: str, body: Json | None = None) -> Any:
        """GET, or POST where there is a body; what it answers."""
        url = f"{self.url}/_play/{path}"
        asked = self.http.get(url) if body is None else self.http.post(url, json=body)
        async with asked as answer:
            return await answer.json()

    async def send(self, who: str, channel: str, text: str, **more: str) -> Json:
        return await self.ask("send", {"as": who, "channel": channel, "text": text} | more)

    async def messages(self, channel: str | None = None) -> list[Json]:
        """What the bot has said, the oldest first."""
        found = await self.ask("messages")
        return [m for m in found["messages"] if m["from_bot"] and channel in (None, m["channel"])]

    async def whispers(self, who: str) -> list[str]:
        """What the bot has said only to this person, as plain text."""
        found = await self.ask("messages")
        return [m["text"] for m in found["ephemerals"] if m["for"] == who]

    async def press(self, who: str, message: Json, action: str) -> Json:
        """Press a message's button."""
        for block in message["blocks"]:
            for element in block.get("elements", ()):
                if element.get("action_id", "").startswith(action):
                    container = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
                    pressed = {"block_id": block["block_id"], "action_id": element["action_id"]}
                    return await self.ask("action", {"as": who, "container": container, **pressed})
        raise AssertionError(f"no button {action} in {json.dumps(message['blocks'])}")

    async def said(self, *texts: str, channel: str | None = None) -> Json:
        """Wait for the newest message of the bot's whose plain text contains all of these."""

        async def look() -> Json | None:
            newest_first = reversed(await self.messages(channel))
            return next((m for m in newest_first if all(text in m["text"] for text in texts)), None)

        found = await eventually(f"the bot says {texts}", look)
        assert found is not None
        return found

    async def channel(self, name: str, who: str = "U0ANA") -> str:
        """The id of a channel by its name, or of this person's conversation with the bot for ``bot``."""
        state = await self.ask(f"state?as={who}")
        if name == "bot":
            return next(c["id"] for c in state["channels"] if c["with"] == state["bot"]["id"])
        return next(c["id"] for c in state["channels"] if c["name"] == name and c["kind"] != "im")


@dataclass
class Trial:
    """``eightbells try`` as it runs."""

    program: Program
    play: Play
    bot_url: str
    secrets: dict[str, str]
    folder: Path


@asynccontextmanager
async def trying(folder: Path, *options: str, **environ: str) -> AsyncIterator[Trial]:
    """``eightbells try`` on free ports; at the end it must stop by itself when it is told to."""
    at = ("--port", "0", "--bot-port", "0", "--folder", str(folder / "try"))
    program = Program(folder / "try.log", "bot", "try", *at, *options, environ=environ)
    try:
        page = (await program.says(r"Open (http://\S+) in"))[1]
        await program.says(r"/hooks/deploys ")
        bot_url = re.findall(r"(http://\S+)/hooks", program.said)[0]
        secrets = dict(re.findall(r"/hooks/(\w+) \(\w+ (\w+)\)", program.said))
        async with ClientSession(headers={"Origin": page}) as http:
            yield Trial(program, Play(page, http), bot_url, secrets, folder / "try")
        assert await program.stop() == 0, program.said
    finally:
        if program.process.poll() is None:
            program.kill()


@dataclass
class Site:
    """A workspace that runs, and bots for it that a test starts, kills and starts again."""

    folder: Path
    play: Play
    bot_port: int
    database_url: str
    app_token: str | None = None
    programs: list[Program] = field(default_factory=list)

    @property
    def bot_url(self) -> str:
        return f"http://127.0.0.1:{self.bot_port}"

    @property
    def environ(self) -> dict[str, str]:
        """What the bot is told."""
        speaks = {"SLACK_APP_TOKEN": self.app_token} if self.app_token else {"SLACK_SIGNING_SECRET": SIGNING_SECRET}
        hooks = {f"EIGHTBELLS_HOOK_SECRET_{name.upper()}": secret for name, secret in HOOK_SECRETS.items()}
        return {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_API_URL": f"{self.play.url}/api/",
            "DATABASE_URL": self.database_url,
            "EIGHTBELLS_CONFIG": str(self.folder / "demo" / "eightbells.yml"),
            "PORT": str(self.bot_port),
            **speaks,
            **hooks,
        }

    async def start(self, **environ: str) -> Program:
        """``eightbells run``, ready."""
        log = self.folder / f"bot-{len(self.programs)}.log"
        program = Program(log, "bot", "run", environ=self.environ | environ)
        self.programs.append(program)
        await program.says(r"bot\.ready")
        return program

    async def status(self, path: str) -> int:
        """What the bot answers there: the status."""
        async with self.play.http.get(self.bot_url + path) as answer:
            return answer.status

    async def eightbells(self, *arguments: str, **environ: str) -> tuple[int, str]:
        """Another command of the command line; its exit status and what it said."""
        log = self.folder / "command.log"
        log.unlink(missing_ok=True)
        program = Program(log, "bot", *arguments, environ=self.environ | environ)
        return await program.ended(), program.said

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> ClientResponse:
        """A request to the bot, with its answer read."""
        async with self.play.http.post(self.bot_url + path, data=io.BytesIO(body), headers=dict(headers)) as answer:
            await answer.read()
            return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self.programs:
            if program.process.poll() is None:
                program.kill()


@asynccontextmanager
async def site(folder: Path, database_url: str, *, socket_mode: bool = False) -> AsyncIterator[Site]:
    """A workspace and the demonstration's team; bots are started by the test."""
    make_demo(folder / "demo")
    port = await free_port()
    environ = {
        "PLAYGROUND_SIGNING_SECRET": SIGNING_SECRET,
        "PLAYGROUND_BOT_TOKEN": BOT_TOKEN,
        "PLAYGROUND_APP_TOKEN": APP_TOKEN,
        "PLAYGROUND_HOOK_SECRETS": json.dumps(HOOK_SECRETS),
    }
    written = folder / "manifest.yml"
    written.write_text(manifest.manifest(discovery.commands()), encoding="utf-8")
    options = ("--manifest", str(written), "--deliveries", str(VENDORS))
    bot = ("--port", "0", "--bot-url", f"http://127.0.0.1:{port}")
    playground = Program(folder / "playground.log", "bot.playground", *bot, *options, environ=environ)
    try:
        page = (await playground.says(r"Playground: (http://\S+)"))[1]
        async with ClientSession(headers={"Origin": page}) as http:
            token = APP_TOKEN if socket_mode else None
            with Site(folder, Play(page, http), port, database_url, token) as ready:
                yield ready
    finally:
        playground.kill()


async def free_port() -> int:
    """A port that nobody listens on."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


async def is_asked_for(site: Site, who: str, what: str) -> bool:
    """Ask for a deployment; whether the bot took it: on a busy machine it says in time that git was too slow."""
    await site.play.send(who, "C0DEPLOYS", f"/deploy {what}")
    return any(f"{what} is asked for" in said for said in await site.play.whispers(who))
