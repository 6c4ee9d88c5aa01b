"""Whose turn it is to write, where one does at a time: people's gestures first, then the others as they came."""

import asyncio
from collections import deque
from contextlib import suppress

IN_A_ROW = 32  # gestures that may pass one who waits; after them it is that one's turn


class Turn:
    """A lock with two queues; as ``asyncio.Lock`` is, but for who is next."""

    def __init__(self) -> None:
        self._is_taken = False
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._passed = 0  # in a row, while others waited

    @property
    def is_wanted_first(self) -> bool:
        """Whether a gesture waits."""
        return bool(self._first)

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for the turn; ``first`` is for gestures."""
        if not self._is_taken:
            self._is_taken = True
            return
        queue = self._first if first else self._others
        mine = asyncio.get_running_loop().create_future()
        queue.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it was handed to us in the same instant
                self.release()
            else:
                with suppress(ValueError):
                    queue.remove(mine)
            raise

    def release(self) -> None:
        """Hand it to whoever is next."""
        while self._first or self._others:
            others_go = bool(self._others) and (not self._first or self._passed >= IN_A_ROW)
            waiter = (self._others if others_go else self._first).popleft()
            if not waiter.done():  # one whose patience has just ended has not left its queue yet
                self._passed = 0 if others_go or not self._others else self._passed + 1
                waiter.set_result(None)
                return
        self._is_taken = False

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()
