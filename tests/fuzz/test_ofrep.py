"""Whatever an application sends: an answer of the protocol, and never a fault of ours."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from bot.flag_serving.flag_book import FlagBook
from bot.flag_serving.ofrep import Ofrep
from bot.vendors.flagd.bucketing import murmur3
from tests.flag_serving.test_ofrep import AS_PRODUCTION, FLAGS, KEPT, TOKENS, Kept
from tests.fuzz import ODD_TEXTS, VALUES, fuzz

PROTOCOL = {200, 400, 404}  # an application with the right token, and bodies of the right size
TRAITS = st.sampled_from(("targetingKey", "country", "plan", "version", "age", "email", "beta", "x" * 300, ""))
CONTEXTS = st.dictionaries(TRAITS, VALUES, max_size=6)
BODIES: st.SearchStrategy[bytes] = st.one_of(
    CONTEXTS.map(lambda context: json.dumps({"context": context}).encode()),
    VALUES.map(lambda context: json.dumps({"context": context}).encode()),
    VALUES.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=60),
    st.sampled_from(
        (b"[" * 5_000, b'{"context":' * 3_000, b'{"context":{"age":' + b"9" * 5_000 + b"}}", b"\xff", b"")
    ),
)
ODD_KEYS = [odd for odd in ODD_TEXTS if odd and "/" not in odd]
KEYS = st.one_of(st.just(""), st.sampled_from([one.id for one in KEPT]), st.sampled_from(ODD_KEYS))


async def answers(asked: list[tuple[str, bytes]]) -> list[tuple[int, Any]]:
    """Status and JSON of each request, from one running server."""
    kept = Kept(KEPT)
    app = web.Application()
    app.add_routes(Ofrep(FlagBook(kept, lambda: kept.generation, TOKENS, murmur3), TOKENS).routes())
    server = TestServer(app)
    await server.start_server(auto_decompress=False)
    found: list[tuple[int, Any]] = []
    async with TestClient(server) as client:
        for key, body in asked:
            path = FLAGS + ("/" + quote(key.encode("utf-8", "replace"), safe="") if key else "")
            response = await client.post(path, data=body, headers=AS_PRODUCTION)
            found.append((response.status, await response.json()))
    return found


# A server is started for each example, so that one that fails is not made smaller: each request is small as it is.
@settings(fuzz(8), phases=(Phase.explicit, Phase.generate))
@given(st.lists(st.tuples(KEYS, BODIES), min_size=20, max_size=25))
@example(
    [("adult", b'{"context":{"age":1e999}}'), ("new", b'{"context":{"version":NaN,"targetingKey":"\\ud800"}}')]
)
@example([("a\nb", b"{}"), ("\r\n", b"{}")])
def test_any_request_gets_an_answer_of_the_protocol(asked: list[tuple[str, bytes]]) -> None:
    for (key, body), (status, told) in zip(asked, asyncio.run(answers(asked)), strict=True):
        assert status in PROTOCOL, (key, body[:200])
        assert told, (key, body[:200])
