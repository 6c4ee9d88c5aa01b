"""Request bodies: how long, how large, how many at once, and unpacked only where the sender is known."""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

BODY_WITHIN = 10.0  # seconds for a whole body; GitHub and Slack wait no longer for our answer
SMALL = 32 * 1024  # bytes; a body of this size always has room
ROOM = 20 * 1024 * 1024  # bytes of larger bodies at once
STREAM_BUFFER = 16 * 1024  # bytes that come before we ask for them; aiohttp stops reading at twice as many

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's wbits; https://docs.python.org/3/library/zlib.html


class NotRead(Exception):
    """The body is not taken; ``status`` and the words are for its sender."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Room:
    """A semaphore of bytes: who comes first has all of its bytes first."""

    def __init__(self, bytes_free: int) -> None:
        self.free = bytes_free
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, size: int) -> AsyncIterator[None]:
        """Room for so many bytes, as soon as there is."""
        await self._take(size)
        try:
            yield
        finally:
            self._give(size)

    async def _take(self, size: int) -> None:
        if not self._queue and size <= self.free:
            self.free -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give(size)
            else:
                # Where several give up at once, one may have taken the others from the queue already.
                self._queue = deque(one for one in self._queue if one[1] is not turn)
                self._give(0)
            raise

    def _give(self, size: int) -> None:
        self.free += size
        while self._queue and self._queue[0][0] <= self.free:
            size, turn = self._queue.popleft()
            if not turn.done():
                self.free -= size
                turn.set_result(None)


_room = Room(ROOM)  # one for the process, as its memory is


@asynccontextmanager
async def body_of(request: web.Request, most: int, *, unpack: bool = False) -> AsyncIterator[bytes]:
    """The body, for as long as it is needed. Raises ``NotRead``: 400, 408, 413, 415, 503.

    Args:
        most: bytes that it may have, also unpacked.
        unpack: whether the sender is known, so that ``Content-Encoding`` is obeyed; else such a body gets 415.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    is_packed = encoding != "identity"
    if is_packed and not (unpack and encoding in _WINDOWS):
        raise NotRead(415, "the body is compressed; send it as it is, without Content-Encoding")
    length = request.content_length
    if (length or 0) > most:
        raise _too_large(most)
    # Without a length it may have all that is allowed; so may what is packed, once it is unpacked.
    needed = most if length is None or is_packed else length
    until = asyncio.get_running_loop().time() + BODY_WITHIN
    if needed <= SMALL and not is_packed:
        yield await _read(request, most, until)
        return
    async with AsyncExitStack() as held:
        if needed > SMALL:
            try:
                async with asyncio.timeout_at(until):
                    await held.enter_async_context(_room.of(needed))
            except TimeoutError:
                raise NotRead(503, "too many large requests at once; send it again") from None
        raw = await _read(request, most, until)
        yield await asyncio.to_thread(_unpacked, raw, encoding, most) if is_packed else raw


async def _read(request: web.Request, most: int, until: float) -> bytes:
    body = bytearray()  # not a list of parts: a chunk may be one byte, and a list would need forty for it
    try:
        if request.content.is_eof():  # it came whole with its headers, as most do: nothing to wait for
            body += request.content.read_nowait()
            if len(body) > most:
                raise _too_large(most)
            return bytes(body)
        async with asyncio.timeout_at(until):
            async for part in request.content.iter_any():
                body += part
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise NotRead(408, f"the body did not come within {BODY_WITHIN:g} s") from None
    # Who hangs up meanwhile gets no answer; aiohttp would write a traceback for each.
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise NotRead(400, "the body is not readable") from None
    return bytes(body)


def _unpacked(raw: bytes, encoding: str, most: int) -> bytes:
    unpacking = zlib.decompressobj(_WINDOWS[encoding])
    try:
        body = unpacking.decompress(raw, most + 1)
    except zlib.error:
        raise NotRead(400, f"the body is not {encoding}") from None
    if len(body) > most:
        raise _too_large(most)
    if not unpacking.eof:
        raise NotRead(400, f"the body is not {encoding}")
    return body


def _too_large(most: int) -> NotRead:
    return NotRead(413, f"the body is larger than {most // 1024} KiB")
