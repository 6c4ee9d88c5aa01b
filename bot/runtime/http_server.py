"""The HTTP server: aiohttp's, with a bound on whatever a client may hold up.

A client that is not known yet can hold one of ``connections_max()`` connections, for ``HEADERS_WITHIN`` seconds, and
about 100 kB with it. Nothing that it sends is unpacked: see ``bot.runtime.http_body`` for what it sends as a body.
"""

import asyncio
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, cast

import structlog
from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.runtime.http_body import STREAM_BUFFER
from bot.runtime.logs import Seldom

CONNECTIONS = 256  # at once; a proxy in front needs a few
HEADERS_WITHIN = 10.0  # seconds from a connection's or a request's first byte until all headers are there
IDLE_WITHIN = 75.0  # seconds; proxies give up an idle connection after 60 (nginx, AWS), and should be the first to
LINGER = 2.0  # seconds in which a body is thrown away that nobody wants, so that its sender reads the answer
STOP_WITHIN = 2.0  # seconds for requests under way when we are told to stop
HEAD_MAX = 32 * 1024  # bytes of one request's line and headers
RECEIVE = 32 * 1024  # bytes taken from the system at a time; asyncio takes 256 KiB, for every slow client
BACKLOG = 511  # connections that the system keeps for us until we take them

_OUT_OF_SYSTEM = "socket.accept() out of system resource"  # asyncio's words, in selector_events.py

log = structlog.get_logger(__name__)
_seldom = Seldom()


def connections_max() -> int:
    """How many connections there may be: a quarter of the descriptors, so that the rest of us never lacks any."""
    return max(8, min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4))


class Connections:
    """Those that stand. One too many ends the one that has waited longest for a request, or is not taken."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait
        self._busy: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._busy)

    def add(self, one: "Connection") -> bool:
        """Whether there is room for it."""
        if len(self) >= self.most:
            if since := _seldom.says("full"):
                log.warning("http.connections_full", most=self.most, times=since)
            # Those that never asked for anything go first; a proxy's kept ones are the last.
            longest = next((each for each in self._waiting if not each.has_asked), None)
            longest = longest or next(iter(self._waiting), None)
            if longest is None:
                return False
            self.remove(longest)
            longest.force_close()
        self._waiting[one] = None
        return True

    def busy(self, one: "Connection") -> None:
        """It has asked something."""
        if self._waiting.pop(one, one) is None:
            self._busy.add(one)

    def waiting(self, one: "Connection") -> None:
        """It has its answer."""
        if one in self._busy:
            self._busy.discard(one)
            self._waiting[one] = None

    def remove(self, one: "Connection") -> None:
        """It has ended."""
        self._waiting.pop(one, None)
        self._busy.discard(one)


class Connection(web.RequestHandler):
    """One client: aiohttp's handler with a deadline and a size for headers, and a place among the ``Connections``."""

    def __init__(self, server: web.Server, all: Connections, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, read_bufsize=STREAM_BUFFER, auto_decompress=False, **options)
        self.has_asked = False
        self._all = all
        self._deadline: asyncio.TimerHandle | None = None
        self._body: StreamReader | None = None  # of the request that is being answered
        self._head = 0  # bytes since the last request's that belong to no body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it where there is room."""
        cast(Any, transport).max_size = RECEIVE
        super().connection_made(transport)
        if self._all.add(self):
            self._expect()
        else:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room."""
        self._all.remove(self)
        self._expected()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more than headers ever need."""
        if self._body is None or self._body.is_eof():
            self._head += len(data)
            if self._deadline is None and self._body is None:
                self._expect()
            # The last of the headers may have come with the beginning of a body.
            if self._head > HEAD_MAX + RECEIVE:
                self.force_close()
                return
        super().data_received(data)

    def begin(self, body: StreamReader) -> None:
        """A request's headers are there, and it is being answered."""
        self.has_asked = True
        self._body, self._head = body, 0
        self._expected()
        self._all.busy(self)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer, and wait for the next request; a connection that is not kept lingers for a moment and ends."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            if resp.keep_alive:
                self._body = None
                self._all.waiting(self)

    def log_exception(self, *args: Any, **more: Any) -> None:
        """A request that cannot be read is its sender's fault: a line a minute, where aiohttp has a traceback each."""
        fault = more.get("exc_info")
        if not isinstance(fault, HttpProcessingError):
            super().log_exception(*args, **more)
        elif times := _seldom.says("unreadable"):
            log.warning("http.unreadable", why=type(fault).__name__, times=times)

    def _expect(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(HEADERS_WITHIN, self.force_close)

    def _expected(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@web.middleware
async def _answering(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Tells the connection that it is busy; one whose body nobody has read ends with its answer."""
    if isinstance(request.protocol, Connection):
        request.protocol.begin(request.content)
    try:
        response = await handler(request)
    except web.HTTPException as other:
        _end_unread(request, other)
        raise
    _end_unread(request, response)
    return response


def _end_unread(request: web.Request, response: web.StreamResponse) -> None:
    if not request.content.is_eof():
        response.force_close()


async def listen(stack: AsyncExitStack, routes: list[web.RouteDef], host: str, port: int) -> str:
    """Serve until the stack ends; gives the address. Raises ``OSError`` where the port cannot be had.

    Ends within twice ``STOP_WITHIN`` seconds, whatever clients do.
    """
    app = web.Application(middlewares=[_answering])
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_WITHIN)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    handler, connections = cast(web.Server, runner.server), Connections(connections_max())
    options = {"keepalive_timeout": IDLE_WITHIN, "lingering_time": LINGER, "access_log": None}
    stack.enter_context(_accept_failures_seldom())
    # asyncio takes as many connections at a time as the backlog is long, and says of each that it failed: without
    # descriptors that were thousands of tracebacks a second (https://github.com/python/cpython/issues/127529).
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(handler, connections, **options), host, port, backlog=1
    )
    stack.callback(server.close)
    for each in server.sockets:
        with socket.fromfd(each.fileno(), each.family, each.type) as same:
            same.listen(BACKLOG)
    found, at = server.sockets[0].getsockname()[:2]
    return f"http://{found}:{at}"


@contextmanager
def _accept_failures_seldom() -> Iterator[None]:
    """While it lasts, failures to take a connection are one line a minute; asyncio tries again after a second."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == _OUT_OF_SYSTEM:
            if since := _seldom.says("accept"):
                log.error("http.no_descriptors", problem=str(context.get("exception")), times=since)
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(told)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
