"""Any delivery, changed anywhere: events, or what is malformed; named, proven or not, and never a fault of ours."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import discovery
from bot.runtime.deliveries import Deliveries
from bot.storage.engine.schema import storable
from bot.vendors.kit.webhooks import Delivery, MalformedPayload, Source, Unreachable
from tests.example_team import TEAM
from tests.fake_work import FakeWork, Store
from tests.fuzz import ODD_TEXTS, VALUES, fuzz, mutated
from tests.vendors import captured

BODIES = {
    folder: [captured.delivery(*each) for each in captured.names() if each[0] == folder]
    for folder in discovery.sources()
}
DELIVERIES = Deliveries(captured.SOURCES, {})  # what follows from events is not looked at here
WORK = FakeWork(Store(), captured.NOW, TEAM)
ODD_HEADERS = st.sampled_from((*ODD_TEXTS, "Bearer", "Basic %%%", "Basic Zm9vOg==", "sha256=", "workflow_run"))
DEEP_BODIES = st.sampled_from(
    (b"[" * 9_000, b'{"a":' * 9_000, b'{"id":' + b"9" * 5_000 + b"}", b"\xff", b"", b"nul")
)


async def away(url: str) -> bytes:
    """Nobody can be reached; only SNS is asked anything, and only where its host is."""
    assert url.startswith("https://sns.")
    raise Unreachable("it is away")


def changed(received: Delivery, data: Any) -> Delivery:
    """With fields of its body dropped, or made into something else; within texts that are JSON themselves too."""
    body: Any = json.loads(received.body)
    fields = body.items() if isinstance(body, dict) else ()  # batches are lists
    inner = [name for name, text in fields if isinstance(text, str) and text.startswith('{"')]
    if inner and data.draw(st.booleans()):
        body[inner[0]] = json.dumps(mutated(json.loads(body[inner[0]]), data))
    else:
        body = mutated(body, data)
    raw = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    headers = dict(received.headers)
    for name in data.draw(st.sets(st.sampled_from(sorted(headers)), max_size=2)):
        # What is no UTF-8 in a header was replaced before a source sees it.
        headers[name] = data.draw(ODD_HEADERS).encode("utf-8", "replace").decode()
    return replace(received, headers=headers, body=raw)


async def taken(source: Source, delivery: Delivery) -> None:
    """What the server and the worker do with it, in their order."""
    proven = source.verify(delivery.headers, delivery.body, captured.SECRET)
    assert isinstance(proven, bool)
    if source.admit is not None:
        with suppress(Unreachable):  # the sender tries again
            assert await source.admit(delivery.headers, delivery.body, proven, away, captured.NOW) in (True, False)
    named = source.identify(delivery.headers, delivery.body)
    assert storable(named).encode()
    with suppress(MalformedPayload):
        assert await DELIVERIES.settle(WORK, delivery)


@pytest.mark.parametrize("folder", sorted(BODIES))
@fuzz(60)
@given(data=st.data())
def test_a_captured_delivery_with_parts_of_it_made_into_something_else(folder: str, data: Any) -> None:
    received = changed(data.draw(st.sampled_from(BODIES[folder])), data)
    asyncio.run(taken(captured.SOURCES[received.source], received))


@pytest.mark.parametrize("folder", sorted(BODIES))
@fuzz(15)
@given(body=st.one_of(DEEP_BODIES, VALUES.map(lambda value: json.dumps(value).encode()), st.binary(max_size=60)))
def test_anything_else_as_a_body(folder: str, body: bytes) -> None:
    received = replace(BODIES[folder][0], body=body)
    asyncio.run(taken(captured.SOURCES[received.source], received))
