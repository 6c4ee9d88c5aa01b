"""What a client can hold up: headers, bodies, connections and the end of the process. Over real sockets."""

import asyncio
import gzip
import itertools
import logging
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

import pytest
import structlog
from aiohttp import web

from bot.runtime import http_body, http_server
from bot.runtime.health import routes as health_routes
from bot.runtime.hooks import Hooks
from bot.runtime.http_body import NotRead, Room, body_of
from bot.runtime.logs import Seldom
from bot.vendors.kit.webhooks import Source, bearer_or_basic, by_body, hmac_sha256
from tests.fakes import FakeClock
from tests.runtime.test_hooks import FakeInbox, fetch

SOURCES = {
    "bearer": Source("bearer", "", "", bearer_or_basic(), by_body, lambda delivery: [], body_max=500_000),
    "signed": Source("signed", "", "", hmac_sha256("x-sign"), by_body, lambda delivery: [], body_max=500_000),
    "unset": Source("unset", "", "", hmac_sha256("x-sign"), by_body, lambda delivery: []),
}
HANGS = 30  # seconds; aiohttp alone waits for 60, or for an hour
KNOWN = "Authorization: Bearer secret\r\n"


class Client:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def answer(self) -> tuple[int, str]:
        """Status and headers; 0 where it was hung up."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return 0, ""
        length = next((int(line.split(":")[1]) for line in head.split("\r\n") if "Content-Length" in line), 0)
        await self.reader.readexactly(length)
        return int(head.split()[1]), head

    async def post(self, path: str, headers: str = "", body: bytes = b"{}", length: int | None = None) -> int:
        """Send a request, of whose body more may be promised than sent; gives the status."""
        size = len(body) if length is None else length
        await self.send(f"POST {path} HTTP/1.1\r\nHost: here\r\n{headers}Content-Length: {size}\r\n\r\n")
        await self.send(body)
        return (await self.answer())[0]

    async def ended(self) -> None:
        """Wait until the server hangs up."""
        try:
            while await self.reader.read(65_536):
                pass
        except ConnectionResetError:
            pass


class Served:
    """A server with hooks, and a route that takes its time."""

    def __init__(self) -> None:
        self.inbox, self.gate, self.arrived = FakeInbox(), asyncio.Event(), asyncio.Event()
        self.stack = AsyncExitStack()
        self.url = ""
        self.clients: list[Client] = []

    async def start(self) -> None:
        secrets = {"bearer": "secret", "signed": "secret"}
        hooks = Hooks(SOURCES, secrets, self.inbox, FakeClock(), fetch)
        routes = [*hooks.routes(), *health_routes({}), web.get("/slow", self._slow), web.post("/open", self._open)]
        self.url = await http_server.listen(self.stack, routes, "127.0.0.1", 0)

    async def client(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", int(self.url.rpartition(":")[2]))))
        return self.clients[-1]

    async def _slow(self, request: web.Request) -> web.Response:
        self.arrived.set()
        await self.gate.wait()
        return web.Response()

    async def _open(self, request: web.Request) -> web.Response:
        self.arrived.set()
        try:
            async with body_of(request, 500_000) as body:
                return web.Response(text=str(len(body)))
        except NotRead as problem:
            return web.Response(status=problem.status)


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    served = Served()
    async with served.stack:
        await served.start()
        yield served
        served.gate.set()
        for each in served.clients:
            each.writer.close()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as one:
        yield one


BOMB = gzip.compress(b" " * 20_000_000, mtime=0)


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/hooks/signed", "X-Sign: no\r\nContent-Encoding: gzip\r\n", BOMB, 415),
        ("/hooks/signed", "X-Sign: no\r\nContent-Encoding: deflate\r\n", b"no deflate", 415),
        ("/hooks/signed", "X-Sign: no\r\nContent-Encoding: br\r\n", b"{}", 415),
        ("/hooks/signed", "X-Sign: no\r\nContent-Encoding: identity\r\n", b"{}", 401),
        ("/hooks/bearer", "Content-Encoding: gzip\r\n", BOMB, 401),
        ("/hooks/bearer", KNOWN + "Content-Encoding: gzip\r\n", BOMB, 413),
        ("/hooks/bearer", KNOWN + "Content-Encoding: gzip\r\n", b"no gzip", 400),
        ("/hooks/bearer", KNOWN + "Content-Encoding: gzip\r\n", gzip.compress(b"{}", mtime=0)[:-4], 400),
        ("/hooks/bearer", KNOWN + "Content-Encoding: GZip\r\n", gzip.compress(b"{}", mtime=0), 202),
    ],
)
async def test_nothing_is_unpacked_for_a_stranger(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str, headers: str, body: bytes, status: int
) -> None:
    unpacked: list[bytes] = []
    really = http_body._unpacked  # pyright: ignore[reportPrivateUsage]

    def counting(raw: bytes, encoding: str, most: int) -> bytes:
        unpacked.append(raw)
        return really(raw, encoding, most)

    monkeypatch.setattr(http_body, "_unpacked", counting)

    assert await (await served.client()).post(path, headers, body) == status
    assert bool(unpacked) == (KNOWN in headers)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/hooks/bearer", "", 401),
        ("/hooks/bearer", "Authorization: Bearer other\r\n", 401),
        ("/hooks/unset", "X-Sign: no\r\n", 401),
        ("/hooks/nobody", KNOWN, 404),
        ("/nowhere", "", 404),
        ("/healthz", "", 405),
        ("/hooks/signed", "", 413),
        ("/hooks/bearer", KNOWN, 413),
    ],
)
async def test_who_is_refused_for_the_headers_is_answered_before_the_body_and_hung_up_on(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str, headers: str, status: int
) -> None:
    monkeypatch.setattr(http_server, "LINGER", 0.05)
    async with serving() as quick:
        client = await quick.client()
        assert await client.post(path, headers, b"x", length=15_000_000) == status
        await client.ended()


async def test_the_answer_to_an_unknown_source_names_no_other(served: Served) -> None:
    client = await served.client()
    await client.send("POST /hooks/nobody HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    answer = (await client.reader.read()).decode()

    assert " 404 " in answer
    assert not [name for name in SOURCES if name in answer]


@pytest.mark.parametrize("begin", ["", "GET", "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: "])
@pytest.mark.parametrize("is_first", [True, False])
async def test_headers_that_do_not_come_end_the_connection(
    monkeypatch: pytest.MonkeyPatch, begin: str, is_first: bool
) -> None:
    monkeypatch.setattr(http_server, "HEADERS_WITHIN", 0.2)
    if not begin:
        monkeypatch.setattr(http_server, "IDLE_WITHIN", 0.2)
    async with serving() as served:
        client = await served.client()
        if not is_first:
            assert await client.post("/hooks/bearer", KNOWN) == 202
        await client.send(begin)
        async with asyncio.timeout(HANGS):
            await client.ended()


async def test_an_idle_connection_ends_though_it_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "IDLE_WITHIN", 0.05)
    async with serving() as served:
        client = await served.client()
        await client.send("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert (await client.answer())[0] == 200
        async with asyncio.timeout(HANGS):
            await client.ended()


@pytest.mark.parametrize("framing", ["Content-Length: 400000", "Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_come_is_answered_408(monkeypatch: pytest.MonkeyPatch, framing: str) -> None:
    monkeypatch.setattr(http_body, "BODY_WITHIN", 0.05)
    monkeypatch.setattr(http_server, "LINGER", 0.05)
    async with serving() as served:
        client = await served.client()
        await client.send(f"POST /hooks/signed HTTP/1.1\r\nHost: here\r\nX-Sign: no\r\n{framing}\r\n\r\n1\r\n")
        assert (await client.answer())[0] == 408
        await client.ended()


async def test_who_hangs_up_in_the_middle_of_a_body_leaves_nothing_behind(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room(400_000)
    monkeypatch.setattr(http_body, "_room", room)
    client = await served.client()
    await client.send("POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 300000\r\n\r\nhalf")
    await served.arrived.wait()
    client.writer.close()
    async with room.of(400_000):
        assert await (await served.client()).post("/hooks/bearer", KNOWN) == 202

    assert not [line for line in caplog.records if line.name == "aiohttp.server"]


async def test_tiny_chunks_are_a_body_like_another(served: Served) -> None:
    client = await served.client()
    await client.send(f"POST /hooks/bearer HTTP/1.1\r\nHost: here\r\n{KNOWN}Transfer-Encoding: chunked\r\n\r\n")
    await client.send("".join(f"1\r\n{sign}\r\n" for sign in "[" + " " * 20_000 + "]") + "0\r\n\r\n")

    assert (await client.answer())[0] == 202
    assert len(served.inbox.received[0][3]) == 20_002


async def test_more_headers_than_anybody_needs_end_the_connection(served: Served) -> None:
    client = await served.client()
    await client.send("GET /healthz HTTP/1.1\r\n")
    try:
        for number in range(100):
            await client.send(f"X-{number}: {'x' * 4_000}\r\n")
    except ConnectionError:
        pass
    await client.ended()

    assert await (await served.client()).post("/hooks/bearer", KNOWN) == 202


@pytest.mark.parametrize(
    "request_line",
    [f"GET /healthz HTTP/1.1\r\nX-A: {'x' * 9_000}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\r\nx y\r\n\r\n"],
)
async def test_requests_that_cannot_be_read_are_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, served: Served, request_line: str
) -> None:
    monkeypatch.setattr(http_server, "_seldom", Seldom())
    with structlog.testing.capture_logs() as log:
        for _ in range(5):
            client = await served.client()
            await client.send(request_line)
            assert (await client.answer())[0] == 400
    assert [line["event"] for line in log] == ["http.unreadable"]
    assert not [record for record in caplog.records if record.exc_info]


async def test_requests_sent_ahead_do_not_pile_up_while_one_is_answered(served: Served) -> None:
    client = await served.client()
    await client.send("GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
    await served.arrived.wait()
    try:
        for _ in range(100):
            await client.send("GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: " + "x" * 4_000 + "\r\n\r\n")
    except ConnectionError:
        pass
    await client.ended()


async def test_one_connection_too_many_ends_the_one_that_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "connections_max", lambda: 3)
    async with serving() as served:
        kept = await served.client()
        assert await kept.post("/hooks/bearer", KNOWN) == 202
        unfinished = [await served.client() for _ in range(10)]
        for each in unfinished:
            await each.send("POST /hooks/bearer HTTP/1.1\r\n")
        for each in unfinished[:-2]:
            await each.ended()

        assert await kept.post("/hooks/bearer", KNOWN) == 202
        assert await (await served.client()).post("/hooks/bearer", KNOWN) == 202


async def test_no_connection_that_is_being_answered_is_ended_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "connections_max", lambda: 1)
    async with serving() as served:
        busy = await served.client()
        await busy.send("GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
        await served.arrived.wait()
        await (await served.client()).ended()
        served.gate.set()
        assert (await busy.answer())[0] == 200
        assert await (await served.client()).post("/hooks/bearer", KNOWN) == 202


def test_connections_leave_descriptors_for_everything_else() -> None:
    assert http_server.connections_max() <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4


async def test_large_bodies_wait_for_room_and_small_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(400_000)
    monkeypatch.setattr(http_body, "_room", room)
    async with serving() as served:
        first, second = await served.client(), await served.client()
        await first.send("POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 300000\r\n\r\n")
        await served.arrived.wait()
        assert room.free == 100_000
        waiting = asyncio.ensure_future(second.post("/open", body=b"x" * 200_000))
        assert await (await served.client()).post("/open", body=b"x" * 30_000) == 200
        assert not waiting.done()
        await first.send(b"x" * 300_000)

        assert ((await first.answer())[0], await waiting) == (200, 200)
        assert room.free == 400_000


async def test_a_body_for_which_no_room_comes_is_answered_503(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(100_000)
    monkeypatch.setattr(http_body, "_room", room)
    monkeypatch.setattr(http_body, "BODY_WITHIN", 0.05)
    async with serving() as served, room.of(100_000):
        clients = [await served.client() for _ in range(5)]
        answers = await asyncio.gather(*(each.post("/open", body=b"x" * 60_000) for each in clients))
        assert answers == [503] * 5
    assert room.free == 100_000


async def test_room_goes_to_who_came_first_and_comes_back_from_who_gave_up() -> None:
    room, order = Room(10), list[str]()

    async def taken(name: str, size: int) -> None:
        async with room.of(size):
            order.append(name)

    async with room.of(8):
        tasks = [asyncio.ensure_future(taken(name, size)) for name, size in (("a", 9), ("b", 1), ("c", 2))]
        await asyncio.sleep(0)
        assert order == []
        tasks[0].cancel()
        await asyncio.wait(tasks)
        assert order == ["b", "c"]
    assert room.free == 10


@pytest.mark.parametrize(
    "begun",
    [
        "POST /hooks/signed HTTP/1.1\r\nHost: here\r\nX-Sign: no\r\nContent-Length: 400000\r\n\r\nhalf",
        "POST /hooks/bearer HTTP/1.1\r\nHost: here\r\nContent-Length: 400000\r\n\r\nhalf",
        "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:",
        "",
    ],
)
async def test_the_end_waits_for_no_client(monkeypatch: pytest.MonkeyPatch, begun: str) -> None:
    monkeypatch.setattr(http_server, "STOP_WITHIN", 0.05)
    served = Served()
    await served.start()
    client = await served.client()
    await client.send(begun)
    assert await (await served.client()).post("/hooks/bearer", KNOWN) == 202
    async with asyncio.timeout(HANGS):
        await served.stack.aclose()
        await client.ended()
    for each in served.clients:
        each.writer.close()


async def test_without_descriptors_there_is_one_line_and_afterwards_all_is_well(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    monkeypatch.setattr(http_server.log, "error", lambda event, **more: said.append(event))
    monkeypatch.setattr(http_server._seldom, "_said", {})  # pyright: ignore[reportPrivateUsage]
    tries = _quick_tries(monkeypatch)
    known = await served.client()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with caplog.at_level(logging.ERROR, "asyncio"), closing(socket.socket()) as late:
        late.setblocking(False)
        resource.setrlimit(resource.RLIMIT_NOFILE, (late.fileno() + 1, hard))
        try:
            late.connect_ex(("127.0.0.1", int(served.url.rpartition(":")[2])))
            for expected in range(1, 4):
                assert await tries.get() == expected
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert tries.qsize() <= 1  # one try begets one, not as many as the backlog is long
    assert (said, caplog.records) == (["http.no_descriptors"], [])
    assert await known.post("/hooks/bearer", KNOWN) == 202
    assert await (await served.client()).post("/hooks/bearer", KNOWN) == 202


def _quick_tries(monkeypatch: pytest.MonkeyPatch) -> "asyncio.Queue[int]":
    """asyncio tries to take connections again after a second; here at once, and each try is counted."""
    loop, tries, count = asyncio.get_running_loop(), asyncio.Queue[int](), itertools.count(1)
    really = loop.call_later

    def call_later(delay: float, callback: Callable[..., object], *args: Any, **more: Any) -> asyncio.TimerHandle:
        if getattr(callback, "__name__", "") == "_start_serving":
            tries.put_nowait(next(count))
            delay = 0.01
        return really(delay, callback, *args, **more)

    monkeypatch.setattr(loop, "call_later", call_later)
    return tries
