"""Registries for tests: the real one, what is pushed to it, and a stand-in for what others answer."""

import asyncio
import hashlib
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.needs import path_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@asynccontextmanager
async def real_registry(folder: Path, port: int, auth: dict[str, Any] | None = None) -> AsyncIterator[str]:
    """The host and port of one that was just started, with what the configuration says under ``auth``."""
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if auth:
        config["auth"] = auth
    (folder / "registry.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    program = path_of("registry")
    assert program
    running = subprocess.Popen(
        [program, "serve", str(folder / "registry.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await _ready(f"http://127.0.0.1:{port}/v2/")
        yield f"127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)


async def _ready(url: str) -> None:
    async with ClientSession() as session, asyncio.timeout(20):
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status in {200, 401}:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Pusher:
    """Pushes by plain HTTP, as any builder does; ``authorization`` is sent along."""

    session: ClientSession
    registry: str
    authorization: str | None = None

    async def image(self, path: str, tag: str, says: str) -> str:
        """Push an image that differs by what it says; gives the digest of its manifest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"says": says}}}).encode()
        await self._blob(path, config)
        told = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config)}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": told | {"size": len(config)},
            "layers": [],
        }
        return await self.manifest(path, tag, manifest)

    async def manifest(self, path: str, tag: str, manifest: dict[str, Any]) -> str:
        """Push a manifest or an index; gives its digest."""
        body = json.dumps(manifest).encode()
        await self._put(f"/v2/{path}/manifests/{tag}", body, str(manifest["mediaType"]))
        return digest_of(body)

    async def _blob(self, path: str, body: bytes) -> None:
        async with self.session.post(
            f"http://{self.registry}/v2/{path}/blobs/uploads/", headers=self._headers()
        ) as answer:
            assert answer.status == 202, await answer.text()
            place = answer.headers["Location"]
        await self._put(f"{place}&digest={digest_of(body)}", body, "application/octet-stream")

    async def _put(self, place: str, body: bytes, kind: str) -> None:
        url = place if "://" in place else f"http://{self.registry}{place}"
        async with self.session.put(url, data=body, headers=self._headers() | {"Content-Type": kind}) as answer:
            assert answer.status == 201, await answer.text()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self.authorization} if self.authorization else {}


Answer = Callable[[web.Request], web.StreamResponse]


@dataclass
class StandIn:
    """Answers every request as it is told to, and keeps them."""

    answer: Answer
    asked: list[web.Request] = field(default_factory=list[web.Request])
    gate: asyncio.Event | None = None  # nothing is answered before it is set

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.gate:
            await self.gate.wait()
        return self.answer(request)

    @property
    def lines(self) -> list[str]:
        """The requests, and what they were authorized by."""
        return [f"{one.method} {one.path_qs} {one.headers.get('Authorization', '')}".strip() for one in self.asked]

    @asynccontextmanager
    async def listening(self, ssl: Any = None) -> AsyncIterator[str]:
        """The host and port."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self.handle)
        server = TestServer(app, host="127.0.0.1", scheme="https" if ssl else "http")
        await server.start_server(ssl=ssl)
        try:
            yield f"127.0.0.1:{server.port}"
        finally:
            if self.gate:
                self.gate.set()
            await server.close()
