"""Webhooks in: who is taken, what is kept of a request, and what its sender is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.discovery import sources as find_sources
from bot.runtime.hooks import Hooks
from bot.storage.engine.errors import StorageUnavailable
from bot.vendors.kit.webhooks import Fetch, Source, Unreachable, bearer_or_basic, by_header
from tests.fakes import FakeClock

SECRET = {"Authorization": "Bearer secret"}
ALL = find_sources().values()
# By which proxies, and whoever says that they are one, tell for whom and whereto they ask.
PROXYS = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "X-Client-IP",
    "X-Original-URL",
    "X-Envoy-External-Address",
    "CF-Connecting-IP",
    "True-Client-IP",
)


@dataclass
class FakeInbox:
    """Remembers what was received; away when told so."""

    received: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list[Any])
    is_away: bool = False
    weights: list[tuple[str, bool]] = field(default_factory=list[Any])
    successor: str = ""

    async def receive(
        self,
        source: str,
        delivery_id: str,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
        *,
        about: str = "",
        urgent: bool = False,
    ) -> bool:
        """As the real one does."""
        del at
        self.weights.append((about, urgent))
        if self.is_away:
            raise StorageUnavailable("gone")
        known = {(each[0], each[1]) for each in self.received}
        self.received.append((source, delivery_id, headers, body))
        return (source, delivery_id) not in known


async def fetch(url: str) -> bytes:
    raise Unreachable(f"{url} does not answer")


async def admit(headers: Mapping[str, str], body: bytes, proven: bool, fetch: Fetch, now: datetime) -> bool:
    """As the header says, so that each case can be asked for."""
    del body
    if headers.get("x-wish") == "look":
        await fetch("https://elsewhere")
    return headers.get("x-wish") == "yes" or (proven and headers.get("x-wish") != "no")


def source(name: str, **more: Any) -> Source:
    return Source(name, name, "", bearer_or_basic(), by_header("x-id"), lambda delivery: [], **more)


SOURCES = {
    "plain": source("plain", keeps=("x-kind",)),
    "named/one": source("named", keeps=("x-kind", "x-signature", "x-token", "ce-")),
    "asking": source("asking", admit=admit),
    "secretless": source("secretless"),
    "few": source("few", values_max=3, body_max=100),
    "few-asking": source("few-asking", admit=admit, values_max=3),
}


@pytest.fixture
def inbox() -> FakeInbox:
    return FakeInbox()


@pytest.fixture
async def client(inbox: FakeInbox) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    secrets: dict[str, str] = dict.fromkeys(["plain", "named", "asking", "few"], "secret")
    app.add_routes(Hooks(SOURCES, secrets, inbox, FakeClock(), fetch).routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def post(client: Any, path: str, headers: Mapping[str, str] = SECRET, body: bytes = b"{}") -> tuple[int, str]:
    answer = await client.post(f"/hooks/{path}", headers=headers, data=body)
    return answer.status, (await answer.json())["said"]


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("plain", SECRET, b"{}", 202),
        ("plain", {}, b"{}", 401),
        ("plain", {"Authorization": "Bearer other"}, b"{}", 401),
        ("plain", SECRET, b"not json", 400),
        ("plain", SECRET, b"[" * 40_000, 400),
        ("secretless", SECRET, b"{}", 401),
        ("named/one", SECRET, b"{}", 202),
        ("named", SECRET, b"{}", 404),
        ("named/two", SECRET, b"{}", 404),
        ("nobody", SECRET, b"{}", 404),
        ("asking", {"x-wish": "yes"}, b"{}", 202),
        ("asking", {"x-wish": "no"} | SECRET, b"{}", 401),
        ("asking", {}, b"{}", 401),
        ("asking", SECRET, b"{}", 202),
        ("asking", {"x-wish": "look"}, b"{}", 503),
    ],
)
async def test_who_is_taken(
    client: Any, inbox: FakeInbox, path: str, headers: Mapping[str, str], body: bytes, status: int
) -> None:
    answered, said = await post(client, path, headers, body)

    assert (answered, bool(inbox.received)) == (status, status == 202)
    assert said


async def test_a_delivery_is_stored_under_its_address_with_what_its_source_reads(
    client: Any, inbox: FakeInbox
) -> None:
    headers = SECRET | {
        "x-id": "7",
        "X-Kind": "a",
        "ce-type": "b",
        "other": "c",
        "X-Signature": "d",
        "X-Token": "e",
    }
    await post(client, "named/one", headers)
    await post(client, "plain", headers)

    (one, name, kept, _), (_, _, of_plain, _) = inbox.received
    assert (one, name) == ("named/one", "7")
    assert {"x-kind", "ce-type"} <= set(kept)
    assert "ce-type" not in of_plain
    assert not {"authorization", "other", "x-signature", "x-token"} & set(kept)


@pytest.mark.parametrize("header", PROXYS)
async def test_what_a_proxy_says_of_the_sender_changes_no_answer_and_is_neither_logged_nor_stored(
    client: Any, inbox: FakeInbox, header: str
) -> None:
    told: list[tuple[int, str]] = []
    with structlog.testing.capture_logs() as lines:
        for n in range(3):
            claimed = {header: f"for=203.0.113.{n}"}
            told += [await post(client, "plain", claimed), await post(client, "plain", claimed | SECRET)]

    assert [status for status, _ in told] == [401, 202] * 3
    # A log line is bounded for each source, so that no name that a sender takes has one of its own.
    assert [line["event"] for line in lines] == ["hook.refused"]
    assert "203.0.113" not in f"{lines} {told} {inbox.received}"


def test_no_source_keeps_what_a_proxy_says() -> None:
    kept = {each.name: [one for one in PROXYS if each.keeps and one.lower().startswith(each.keeps)] for each in ALL}

    assert [name for name, headers in kept.items() if headers] == []


async def test_bytes_in_a_header_that_are_no_text_are_no_crash(client: Any, inbox: FakeInbox) -> None:
    answers: list[bytes] = []
    for proof in (b"Bearer \xe9", b"Bearer secret"):
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST /hooks/plain HTTP/1.1\r\nHost: here\r\nConnection: close\r\nX-Kind: \xe9\r\n")
        writer.write(b"Authorization: " + proof + b"\r\nContent-Length: 2\r\n\r\n{}")
        answers.append(await reader.readline())
        writer.close()

    assert [answer.split()[1] for answer in answers] == [b"401", b"202"]
    assert [kept["x-kind"] for _, _, kept, _ in inbox.received] == ["�"]


async def test_what_was_stored_before_is_said_to_be(client: Any) -> None:
    said = [(await post(client, "plain", SECRET | {"x-id": "1"}))[1] for _ in range(2)]

    assert said == ["stored", "stored before"]


async def test_a_sender_is_asked_to_come_again_while_the_database_is_away(client: Any, inbox: FakeInbox) -> None:
    inbox.is_away = True

    assert (await post(client, "plain"))[0] == 503


@pytest.mark.parametrize(
    ("path", "headers", "body", "said"),
    [
        ("few", SECRET, b"[1,2,3,4,5]", "the body is not read: it holds more than 3 values; send fewer at once"),
        ("few", SECRET, b"[[],[],[]]", "the body is not read: it holds more than 3 lists and objects"),
        ("few", SECRET, b"x" * 101, "the body is larger than"),
        # It is read for its proof, so it is counted before.
        ("few-asking", {"x-wish": "no"}, b"[1,2,3,4,5]", "it holds more than 3 values"),
    ],
)
async def test_who_sends_too_much_is_told_and_it_is_in_the_log_and_counted(
    client: Any, inbox: FakeInbox, path: str, headers: Mapping[str, str], body: bytes, said: str
) -> None:
    with structlog.testing.capture_logs() as log:
        answers = [await post(client, path, headers, body) for _ in range(3)]

    assert {status for status, _ in answers} == {413}
    assert all(said in told for _, told in answers)
    assert not inbox.received
    assert [(line["event"], line["source"], line["times"]) for line in log] == [("hook.too_large", path, 1)]


async def test_a_stranger_with_too_many_values_is_a_stranger(client: Any, inbox: FakeInbox) -> None:
    assert (await post(client, "few", {}, b"[1,2,3,4,5]"))[0] == 401
    assert not inbox.received


async def test_a_source_that_a_newer_version_may_have_is_asked_to_come_again(client: Any, inbox: FakeInbox) -> None:
    assert (await client.post("/hooks/newest", headers=SECRET, json={})).status == 404
    inbox.successor = "0009"
    assert (await client.post("/hooks/newest", headers=SECRET, json={})).status == 503
    assert inbox.received == []
