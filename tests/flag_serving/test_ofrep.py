"""OFREP as applications meet it: raw requests, good and bad, and OpenFeature's own clients."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from bot.core.ledger import Entry, Recorded, Subject
from bot.flag_serving.flag_book import FlagBook
from bot.flag_serving.flagd_files import keep_writing
from bot.flag_serving.ofrep import Ofrep
from bot.stages.flags.model.flag import ON, Flag, Kind, Place, Serving
from bot.stages.flags.model.segment import read_segment
from bot.storage.engine.errors import StorageUnavailable
from bot.vendors.flagd import file as flagd_file
from bot.vendors.flagd.bucketing import murmur3
from tests.fakes import NOON, TOM

TOKENS = {"production": "token-of-production", "staging": "token-of-staging"}
AS_PRODUCTION = {"Authorization": f"Bearer {TOKENS['production']}"}
FLAGS = "/ofrep/v1/evaluate/flags"
ALL = "country in DE, AT and plan = pro"


def flag(key: str, serving: Serving | None = None, **made: Any) -> Flag:
    """A flag that is served so in production, and off in staging."""
    fresh = Flag.make(key, TOM, NOON, **made)
    return fresh.put("production", Place(serving, NOON)) if serving else fresh


KEPT = [
    flag("shown", ON),
    flag("hidden"),
    flag("rollout", Serving(2_500)),
    flag("half", Serving(5_000)),
    flag("pro", Serving(10_000, read_segment(ALL, {}))),
    flag("some-pro", Serving(2_500, read_segment("plan = pro", {}), always=read_segment("user in user-4", {}))),
    flag("new", Serving(10_000, read_segment("version >= 2.4.0 and version < 3", {}))),
    flag("adult", Serving(10_000, read_segment("age >= 18 and country not in FR", {}))),
    flag("ours", Serving(10_000, read_segment("email ends with @example.com and email starts with a", {}))),
    flag("true-beta", Serving(10_000, read_segment("beta = true", {}))),
    flag("other-beta", Serving(10_000, read_segment("beta != true", {}))),
    flag("young", Serving(10_000, read_segment("age < 18", {}))),
    flag("nought", Serving(10_000, read_segment("age in 0, 1", {}))),
    flag("text", ON, kind=Kind.STRING, on='Buy "now" <!channel> ✓', off=""),
    flag("whole", ON, kind=Kind.NUMBER, on="50", off="20"),
    flag("broken", ON, kind=Kind.NUMBER, on="1", off="0.5"),
    flag("object", ON, kind=Kind.OBJECT, on='{"limit": 3, "who": ["a", null]}', off="{}"),
]


class Kept:
    """What the book reads from: flags, and how often it did. ``away``: the database does not answer."""

    def __init__(self, flags: list[Flag]) -> None:
        self.flags = flags
        self.generation = 1
        self.changes = [1]
        self.looks = 0
        self.reads = 0
        self.away = False

    def change(self, *flags: Flag) -> None:
        """These flags are as given from now on."""
        known = {one.id: one for one in self.flags} | {one.id: one for one in flags}
        self.flags = list(known.values())
        self.generation += 1
        self.changes.append(self.generation)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["Kept"]:
        if self.away:
            raise StorageUnavailable("away")
        yield self

    async def history(self, *subjects: Any, limit: int) -> list[Any]:
        self.looks += 1
        await asyncio.sleep(0)
        return [replace_position(one) for one in self.changes[-limit:]]

    async def find(self, noun: type, **_: Any) -> list[Flag]:
        self.reads += 1
        return list(self.flags)


def replace_position(position: int) -> Any:
    return Recorded(position, NOON, Entry("flag.changed", (Subject("flags", "all"),)))


@pytest.fixture
def kept() -> Kept:
    return Kept(KEPT)


@pytest.fixture
def book(kept: Kept) -> FlagBook:
    return FlagBook(kept, lambda: kept.generation, TOKENS, murmur3)


@pytest.fixture
async def client(book: FlagBook) -> AsyncIterator[TestClient]:
    app = web.Application()
    app.add_routes(Ofrep(book, TOKENS).routes())
    server = TestServer(app)
    await server.start_server(auto_decompress=False)  # as our own server does
    async with TestClient(server) as client:
        yield client


async def ask(
    client: TestClient, key: str = "", context: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """One request; gives status and JSON."""
    path = f"{FLAGS}/{key}" if key else FLAGS
    response = await client.post(
        path,
        json={"context": {} if context is None else context},
        headers=AS_PRODUCTION if headers is None else headers,
    )
    return response.status, await response.json()


async def test_one_flag(client: TestClient) -> None:
    assert await ask(client, "rollout", {"targetingKey": "user-3"}) == (
        200,
        {"key": "rollout", "value": True, "reason": "SPLIT", "variant": "on"},
    )
    assert (await ask(client, "text"))[1]["value"] == 'Buy "now" <!channel> ✓'


async def test_all_flags_each_with_its_own_outcome(client: TestClient) -> None:
    status, told = await ask(client, context={"plan": "pro", "country": "DE"})
    by_key = {one["key"]: one for one in told["flags"]}

    assert status == 200
    assert set(by_key) == {one.id for one in KEPT}
    assert by_key["pro"] == {"key": "pro", "value": True, "reason": "TARGETING_MATCH", "variant": "on"}
    assert (by_key["rollout"]["value"], by_key["rollout"]["reason"]) == (False, "DEFAULT")
    assert "targetingKey" in by_key["rollout"]["metadata"]["note"]
    assert by_key["object"]["value"] == {"limit": 3, "who": ["a", None]}


async def test_the_token_says_which_environment(client: TestClient) -> None:
    staging = {"X-API-Key": TOKENS["staging"]}

    assert (await ask(client, "shown"))[1]["value"] is True
    assert (await ask(client, "shown", headers=staging))[1]["value"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"X-API-Key": "ünïcode"},
        {"Authorization": "Basic eDp5"},
    ],
)
async def test_without_a_token_nobody_is_told_anything(client: TestClient, headers: dict[str, str]) -> None:
    status, told = await ask(client, "shown", headers=headers)

    assert status == 401
    assert set(told) == {"errorCode", "errorDetails"}


@pytest.mark.parametrize("key", ["unknown", "SHOWN", "a/b c", "x" * 5_000, "<!channel>", "shown/"])
async def test_an_unknown_flag_is_not_found(client: TestClient, key: str) -> None:
    status, told = await ask(client, key)

    assert (status, told["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert told["errorDetails"]
    assert len(told["key"]) <= 100


BAD = {
    b"{": "PARSE_ERROR",
    b"[]": "PARSE_ERROR",
    b"null": "PARSE_ERROR",
    b"\xff\xfe\x00": "PARSE_ERROR",
    b'"x"': "PARSE_ERROR",
    b"[" * 30_000: "PARSE_ERROR",
    b'{"context": ' + b'{"a":' * 10_000 + b"}": "PARSE_ERROR",
    b'{"context": {"n": ' + b"9" * 5_000 + b"}}": "PARSE_ERROR",
    b'{"context": []}': "INVALID_CONTEXT",
    b'{"context": "x"}': "INVALID_CONTEXT",
}
KEYLESS = [
    b'{"context": {"targetingKey": 7}}',
    b'{"context": {"targetingKey": {"a": 1}}}',
    b'{"context": {"targetingKey": ""}}',
    b'{"context": {"targetingKey": "\\ud83d"}}',
    b"{}",
    b"",
    b'{"context": null}',
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body[:24]))
async def test_what_a_client_writes_wrong_is_told_to_it_and_never_a_5xx(client: TestClient, body: bytes) -> None:
    response = await client.post(f"{FLAGS}/rollout", data=body, headers=AS_PRODUCTION)
    told = await response.json()

    assert (response.status, told["errorCode"]) == (400, BAD[body])
    assert told["errorDetails"]


@pytest.mark.parametrize("body", KEYLESS)
async def test_nobody_without_a_targeting_key_is_in_a_share(client: TestClient, body: bytes) -> None:
    response = await client.post(f"{FLAGS}/half", data=body, headers=AS_PRODUCTION)
    told = await response.json()

    assert (response.status, told["value"], told["reason"], told["variant"]) == (200, False, "DEFAULT", "off")
    assert "targetingKey" in told["metadata"]["note"]


@pytest.mark.parametrize(
    "context",
    [
        {"targetingKey": "\ud83d"},
        {"targetingKey": "u" * 50_000},
        {"targetingKey": "u", "age": float("nan"), "version": "9" * 3_000, "country": [{}]},
        {"targetingKey": "u", "age": 10**300, "email": None, "beta": {"true": True}},
    ],
)
async def test_odd_users_are_users(client: TestClient, context: dict[str, Any]) -> None:
    status, told = await ask(client, context=context)

    assert status == 200
    assert all("value" in one for one in told["flags"])


async def test_a_body_that_is_too_large_is_not_read(client: TestClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8_192

    large = await client.post(FLAGS, data=b" " * 70_000, headers=AS_PRODUCTION)
    chunked = await client.post(FLAGS, data=endless(), headers=AS_PRODUCTION)
    bomb = await client.post(
        FLAGS, data=gzip.compress(b" " * 5_000_000), headers=AS_PRODUCTION | {"Content-Encoding": "gzip"}
    )

    assert [large.status, chunked.status, bomb.status] == [413, 413, 413]
    assert (await large.json())["errorDetails"]


async def test_what_says_it_is_compressed_and_is_not(client: TestClient) -> None:
    response = await client.post(FLAGS, data=b"no gzip", headers=AS_PRODUCTION | {"Content-Encoding": "gzip"})
    assert response.status == 400


async def etagged(client: TestClient, tag: str) -> ClientResponse:
    return await client.post(
        FLAGS, json={"context": {"targetingKey": "u"}}, headers=AS_PRODUCTION | {"If-None-Match": tag}
    )


async def test_a_client_that_has_it_all_is_told_so_until_something_changes(client: TestClient, kept: Kept) -> None:
    first = await etagged(client, "")
    tag = first.headers["ETag"]
    again = [await etagged(client, one) for one in (tag, f'"old", W/{tag}', "*")]
    kept.change(flag("hidden", ON))
    after = await etagged(client, tag)

    assert [one.status for one in again] == [304, 304, 304]
    assert [await one.read() for one in again] == [b"", b"", b""]
    assert (after.status, after.headers["ETag"] == tag) == (200, False)


async def test_flags_are_read_once_and_then_only_when_one_has_changed(client: TestClient, kept: Kept) -> None:
    for _ in range(5):
        await ask(client, "shown")
    kept.generation += 1  # the ledger grew by something else
    await asyncio.gather(*(ask(client, "shown") for _ in range(20)))
    before = (kept.reads, kept.looks)
    kept.change(flag("shown"))
    seen = await asyncio.gather(*(ask(client, "shown") for _ in range(20)))

    assert before == (1, 2)
    assert kept.reads == 2
    assert {told["value"] for _, told in seen} == {False}


async def test_a_change_that_was_slow_to_commit_is_seen_though_a_later_one_came_first(
    client: TestClient, kept: Kept
) -> None:
    kept.changes = [1, 9]
    await ask(client, "shown")
    kept.flags, kept.changes = [flag("shown")], [1, 8, 9]
    kept.generation += 1

    assert (await ask(client, "shown"))[1]["value"] is False


async def test_what_is_known_is_served_while_the_database_is_away(client: TestClient, kept: Kept) -> None:
    await ask(client, "shown")
    kept.away = True
    kept.generation += 1

    assert (await ask(client, "shown"))[1]["value"] is True


async def test_nothing_is_made_up_where_no_flag_was_ever_read(client: TestClient, kept: Kept) -> None:
    kept.away = True
    status, told = await ask(client, "shown")

    assert (status, told["errorCode"]) == (503, "GENERAL")


# OpenFeature's own clients. They block, so each is used on a thread.


def of_client(provider: Any, use: Callable[[Any], Any]) -> Any:
    api.set_provider_and_wait(provider)
    try:
        return use(api.get_client())
    finally:
        api.shutdown()
        api.clear_providers()


def at(client: TestClient, token: str = TOKENS["production"]) -> OFREPProvider:
    return OFREPProvider(str(client.make_url("/")), headers_factory=lambda: {"Authorization": f"Bearer {token}"})


def every_kind(client: Any) -> list[Any]:
    """Each of the five types, and what goes wrong, as an application sees it."""
    user = EvaluationContext("user-3", {"plan": "pro", "country": "DE"})
    return [
        client.get_boolean_value("rollout", False, user),
        client.get_boolean_value("pro", False, user),
        client.get_boolean_value("hidden", True, user),
        client.get_string_value("text", "", user),
        client.get_integer_value("whole", 0, user),
        client.get_float_value("broken", 0.0, user),
        client.get_object_value("object", {}, user),
        client.get_boolean_details("unknown", True, user).error_code,
        client.get_boolean_details("text", True, user).error_code,
        client.get_boolean_details("../../admin", True, user).error_code,
        client.get_boolean_details("a/b c", True, user).error_code,
        client.get_boolean_details("pro", False, user).reason,
    ]


EVERY_KIND = [
    True,
    True,
    False,
    'Buy "now" <!channel> ✓',
    50,
    1.0,
    {"limit": 3, "who": ["a", None]},
    ErrorCode.FLAG_NOT_FOUND,
    ErrorCode.TYPE_MISMATCH,
    ErrorCode.FLAG_NOT_FOUND,
    ErrorCode.FLAG_NOT_FOUND,
    Reason.TARGETING_MATCH,
]


async def test_openfeatures_ofrep_client_gets_every_kind_of_flag(client: TestClient) -> None:
    assert await asyncio.to_thread(of_client, at(client), every_kind) == EVERY_KIND


async def test_openfeatures_ofrep_client_is_told_what_is_wrong(client: TestClient) -> None:
    def without_user(one: Any) -> tuple[Any, Any, Any]:
        found = one.get_boolean_details("half", True)
        return found.value, found.reason, set(found.flag_metadata)

    def refused(one: Any) -> Any:
        return one.get_boolean_details("shown", False).error_code

    assert await asyncio.to_thread(of_client, at(client), without_user) == (False, Reason.DEFAULT, {"note"})
    assert await asyncio.to_thread(of_client, at(client, "wrong"), refused) == ErrorCode.GENERAL


@contextmanager
def flagd(path: Path) -> Iterator[Any]:
    provider = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(path), deadline_ms=50)
    api.set_provider_and_wait(provider)
    try:
        yield api.get_client()
    finally:
        api.shutdown()
        api.clear_providers()


USERS = [
    EvaluationContext(f"user-{n}", traits)
    for n in range(40)
    for traits in (
        {},
        {"plan": "pro", "country": "DE", "age": 18, "version": "2.10.0", "email": "a@example.com", "beta": True},
        {"plan": "free", "country": "FR", "age": 70, "version": "2.4.0-rc.1", "email": "a@example.org"},
        {"plan": "pro", "country": "AT", "age": 17.5, "version": "3.0.0", "email": "b@example.com", "beta": False},
        {"age": "30", "country": "US", "version": "v2.5", "beta": "true"},
        {"age": 0, "version": "2.04.0", "beta": False},
        {"age": False, "version": 2.5, "beta": 0},
        {"age": 1, "version": 2, "beta": 1},
    )
]
KEYLESS_USERS = [EvaluationContext(None, {"plan": "pro", "age": 0}), EvaluationContext("", {"plan": "pro"})]


async def test_flagds_file_serves_the_same_people_as_ofrep(client: TestClient, tmp_path: Path) -> None:
    flagd_file.write(tmp_path, "production", flagd_file.document(KEPT, "production"))
    switches = [one.id for one in KEPT if one.kind is Kind.BOOLEAN]
    ours = [
        {
            one["key"]: one["value"]
            for one in (await ask(client, context={"targetingKey": user.targeting_key, **user.attributes}))[1][
                "flags"
            ]
        }
        for user in USERS
    ]
    with flagd(flagd_file.path_of(tmp_path, "production")) as theirs:
        differing = [
            (user.targeting_key, dict(user.attributes), key)
            for user, mine in zip(USERS, ours, strict=True)
            for key in switches
            if theirs.get_boolean_value(key, True, user) != mine[key]
        ]
        kinds = every_kind(theirs)

    assert differing == []
    # flagd takes 1.0 from the file for a float as well; everything else is the same.
    assert kinds == EVERY_KIND


async def test_an_application_gets_the_same_by_either_client_whatever_its_default(
    client: TestClient, tmp_path: Path
) -> None:
    flagd_file.write(tmp_path, "production", flagd_file.document(KEPT, "production"))
    switches = [one.id for one in KEPT if one.kind is Kind.BOOLEAN]

    def told(one: Any) -> list[tuple[Any, ...]]:
        return [
            (user.targeting_key, dict(user.attributes), key, default, one.get_boolean_value(key, default, user))
            for user in (*USERS[:8], *KEYLESS_USERS)
            for key in switches
            for default in (True, False)
        ]

    ours = await asyncio.to_thread(of_client, at(client), told)
    with flagd(flagd_file.path_of(tmp_path, "production")) as theirs:
        assert ours == told(theirs)


async def test_flagds_file_follows_the_flags(book: FlagBook, kept: Kept, tmp_path: Path) -> None:
    writing = asyncio.create_task(keep_writing(book, tmp_path, look_seconds=0.01))

    def shows(value: str) -> bool:
        path = flagd_file.path_of(tmp_path, "production")
        return path.exists() and json.loads(path.read_text())["flags"]["hidden"]["defaultVariant"] == value

    await until(lambda: shows("off"))
    kept.change(replace(flag("hidden", ON)))
    await until(lambda: shows("on"))
    writing.cancel()

    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["production.flagd.json", "staging.flagd.json"]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a file, 5 s at most."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)
