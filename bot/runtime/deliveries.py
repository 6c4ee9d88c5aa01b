"""Works on one delivery: what its source makes of it, given to whoever takes such events, in one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.core.events import DeploymentReported, Event
from bot.core.handlers import Together
from bot.core.ports import Work
from bot.runtime.redaction import Redaction
from bot.vendors.kit.webhooks import Delivery, Source, UnknownSource

Take = Callable[[Work, Any], Awaitable[None]]

_SHAPES_ONLY = Redaction().text


class OneByOne(Exception):
    """Each of these deliveries wants a transaction of its own."""


class Deliveries:
    """Sources by name, and what takes their events by the events' type, as discovery found them.

    ``redact`` takes secrets out of what a deployer says and prints, which is kept and shown.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        takers: Mapping[type, Sequence[Take]],
        redact: Callable[[str], str] = _SHAPES_ONLY,
    ) -> None:
        self._redact = redact
        self._sources = sources
        self._takers = takers

    async def settle(self, work: Work, delivery: Delivery) -> str:
        """Do everything that follows from it; gives what it was, for the inbox's note.

        Raises ``MalformedPayload`` where the body is not what its source sends, and ``UnknownSource``.
        """
        events = self._parsed(delivery)
        await self.take(work, events)
        return _note(events)

    async def settle_together(self, work: Work, deliveries: Sequence[Delivery]) -> str:
        """The same for several of one source at once, in their order.

        Raises ``OneByOne`` where something that follows takes events one by one, and as ``settle`` does.
        """
        events = [event for delivery in deliveries for event in self._parsed(delivery)]
        for kind in {type(event) for event in events}:
            if any(vars(take).get("together") is None for take in self._takers.get(kind, ())):
                raise OneByOne(kind.__name__)
        await self.take(work, events)
        return _note(events)

    def _parsed(self, delivery: Delivery) -> Sequence[Event]:
        source = self._sources.get(delivery.source)
        if source is None:
            raise UnknownSource(f"this version has no source {delivery.source!r}; another replica may have it")
        return [self._without_secrets(event) for event in source.parse(delivery)]

    def _without_secrets(self, event: Event) -> Event:
        if not isinstance(event, DeploymentReported):
            return event
        said = {name: self._redact(text) for name, text in event.facts.items() if name in ("note", "log")}
        return replace(event, facts={**event.facts, **said}) if said else event

    async def take(self, work: Work, events: Sequence[Event]) -> None:
        """Give events to what takes them: one by one, or all at once to what can do that."""
        at_once: dict[Together, list[Event]] = {}
        for event in events:
            for take in self._takers.get(type(event), ()):
                together = vars(take).get("together")
                if together is None:
                    await take(work, event)
                else:
                    at_once.setdefault(together, []).append(event)
        for together, those in at_once.items():
            await together(work, those)


def _note(events: Sequence[Event]) -> str:
    return ", ".join(sorted({type(event).__name__ for event in events})) or "nothing that we use"
