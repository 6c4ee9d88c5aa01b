"""Whoever deploys elsewhere, for end-to-end tests: a deployer of a team's own that is asked by a signed request and
reports back, and a GitHub where workflows run; both on ports of their own."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, web

from bot.try_out.demo import TEAM_FILE, team_file
from bot.vendors.deploys.target import SIGNATURE
from tests.vendors.targets.github_stand_in import GitHubStandIn

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RUN_URL = "https://deploys.harbor.example/runs/4071"


@dataclass
class Deployer:
    """Takes what is signed over the very bytes, and tells how it goes, signed in the same way."""

    secret: str = ""
    url: str = ""
    hook: str = ""  # the bot's
    asked: list[Json] = field(default_factory=list[Json])

    def sign(self, body: bytes, secret: str = "") -> str:
        """The header's value that proves these bytes."""
        return f"sha256={hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()}"

    def app(self) -> web.Application:
        """What takes requests."""
        app = web.Application()
        app.router.add_post("/deploy", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not hmac.compare_digest(request.headers.get(SIGNATURE, ""), self.sign(body)):
            return web.Response(status=401, text="not signed by you")
        asked = json.loads(body)
        self.asked.append(asked)
        return web.json_response({"url": RUN_URL}, status=202)

    async def report(self, deployment: str, state: str, *, signed_by: str = "", **more: Any) -> int:
        """Tell the bot; the status that it answers."""
        body = json.dumps({"deployment": deployment, "state": state} | more).encode()
        headers = {"Content-Type": "application/json", SIGNATURE: self.sign(body, signed_by)}
        async with (
            ClientSession() as session,
            session.post(self.hook, data=body, headers=headers) as answer,
        ):
            return answer.status


@dataclass
class Elsewhere:
    """Both of them, and the demonstration's team whose services they deploy: payments the one, web the other.

    As long as ``answers`` is not set, what they are asked is done, and nobody hears of it.
    """

    deployer: Deployer = field(default_factory=Deployer)
    github: GitHubStandIn = field(default_factory=GitHubStandIn)
    github_url: str = ""
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer of theirs."""
        done = await handler(request)
        await self.answers.wait()
        return done

    def write_team_file(self, folder: Path) -> None:
        """Before the demonstration is made there, which keeps a team file that it finds."""
        folder.mkdir(parents=True, exist_ok=True)
        team = team_file(folder)
        web, payments = team["services"]["web"], team["services"]["payments"]
        web["repository"] |= {"github_api": self.github_url, "web_host": "github.com"}
        inputs = {name: f"{{{name}}}" for name in ("version", "environment", "deployment")}
        web["deploy"] = {"github_workflow": {"file": "deploy.yml", "ref": "main", "inputs": inputs}, "limit": "10m"}
        payments["deploy"] = {"http": {"url": self.deployer.url, "payload": {"ring": "first"}}, "limit": "10m"}
        (folder / TEAM_FILE).write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """They stand ready for as long as this lasts."""
    there = Elsewhere()
    there.answers.set()
    apps = (there.deployer.app(), there.github.app())
    for app in apps:
        app.middlewares.append(there.answer)
    async with (
        _serving(apps[0]) as url,
        _serving(apps[1]) as there.github_url,
        _serving(there.github.log_server()) as logs,
    ):
        there.deployer.url, there.github.log_at = f"{url}/deploy", f"{logs}/signed"
        try:
            yield there
        finally:
            there.answers.set()


@asynccontextmanager
async def _serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
