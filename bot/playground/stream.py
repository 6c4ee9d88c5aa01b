"""Live news for open pages: each subscriber acts as one person and hears only what that person may."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

BACKLOG_MAX = 2_000  # events a page may lag behind before it is told to read everything again


@dataclass(eq=False)
class Subscriber:
    person_id: str
    queue: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)


class Stream:
    """The subscribers, and one way to tell them something."""

    def __init__(self) -> None:
        self.subscribers: set[Subscriber] = set()
        self.closed = False

    def subscribe(self, person_id: str) -> Subscriber:
        subscriber = Subscriber(person_id)
        if self.closed:
            subscriber.queue.put_nowait(None)
        self.subscribers.add(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)

    def tell(self, event: Json, *, to: Callable[[str], bool] | str | None = None) -> None:
        """Send an event to everybody, to one person, or to those a test lets through."""
        if not self.subscribers:
            return
        line = json.dumps(event, ensure_ascii=False)
        for subscriber in self.subscribers:
            if to is None or (to == subscriber.person_id if isinstance(to, str) else to(subscriber.person_id)):
                self._put(subscriber, line)

    def tell_each(self, about: Callable[[str], Json | None]) -> None:
        """Send everybody their own version of an event; None sends nothing."""
        for subscriber in self.subscribers:
            if event := about(subscriber.person_id):
                self._put(subscriber, json.dumps(event, ensure_ascii=False))

    def _put(self, subscriber: Subscriber, line: str) -> None:
        if subscriber.queue.qsize() >= BACKLOG_MAX:
            while not subscriber.queue.empty():
                subscriber.queue.get_nowait()
            line = json.dumps({"type": "state"})
        subscriber.queue.put_nowait(line)

    def close(self) -> None:
        """End every open stream, so that the server can stop."""
        self.closed = True
        for subscriber in self.subscribers:
            subscriber.queue.put_nowait(None)
