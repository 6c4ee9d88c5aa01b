"""Recorded deliveries: parsed, filled in, signed over the bytes sent, and delivered to the bot's webhook."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from bot.playground.replays import NotADelivery, fill, parse
from bot.playground.server import Served
from tests.playground.conftest import Browser, listening

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PUSH = """# Tom merges the checkout
POST /hooks/github HTTP/1.1
Host: example.com
Content-Type: application/json
Content-Length: 999
X-GitHub-Delivery: {{uuid}}
X-Hub-Signature-256: sha256={{hmac_sha256}}

{"at": "{{now-15m}}",
 "until": "{{now+1h}}"}
"""


@pytest.fixture
def deliveries(tmp_path: Path, served: Served) -> Path:
    folder = tmp_path / "github" / "deliveries"
    folder.mkdir(parents=True)
    served.play.options.deliveries = tmp_path
    served.play.options.hook_secrets = {"github": "hush"}
    return folder


def test_a_file_has_a_title_headers_and_a_body_kept_as_it_is():
    recorded = parse(PUSH, "push.http")

    assert recorded.title == "Tom merges the checkout"
    assert recorded.headers["Content-Type"] == "application/json"
    assert recorded.body.endswith('"{{now+1h}}"}\n')
    assert parse("POST /x HTTP/1.1\n\n", "pull_request.http").title == "pull request"


@pytest.mark.parametrize("text", ["", "# title only", "hello", "POST /x HTTP/1.1\nno colon\n\n"])
def test_what_is_no_request_is_refused(text: str):
    with pytest.raises(NotADelivery):
        parse(text, "x.http")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{secret}}", "hush"),
        ("{{now}}", "2026-11-24T12:00:00Z"),
        ("{{now-15m}}", "2026-11-24T11:45:00Z"),
        ("{{ now + 1h }}", "2026-11-24T13:00:00Z"),
        ("{{now-2d}}", "2026-11-22T12:00:00Z"),
        ("{{other}}", "{{other}}"),
    ],
)
def test_placeholders_are_filled_by_the_workspaces_clock(text: str, filled: str):
    assert fill(text, secret="hush", now=NOON) == filled


async def test_a_delivery_reaches_the_bot_signed_over_its_final_bytes(
    served: Served, browser: Browser, deliveries: Path
):
    (deliveries / "push.http").write_text(PUSH)
    received: list[tuple[dict[str, str], bytes]] = []

    async def hook(request: web.Request) -> web.Response:
        received.append((dict(request.headers), await request.read()))
        return web.Response(status=202, text="stored")

    site = web.Application()
    site.router.add_post("/hooks/github", hook)
    served.play.clock.advance(86_400)
    async with listening(site) as url:
        served.play.options.bot_url = url
        menu = (await browser.get("state"))["deliveries"]
        answer = await browser.post("deliver", source="github", name="push")

    headers, body = received[0]
    assert menu == [{"source": "github", "name": "push", "title": "Tom merges the checkout"}]
    assert answer == {"ok": True, "status": 202, "text": "stored"}
    signature = hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={signature}"
    assert headers["Content-Length"] == str(len(body))
    assert served.play.clock.moment().strftime("%Y-%m-%dT") in body.decode()
    assert (await browser.get("traffic", after="0"))[-1]["what"] == "hooks/github push"


async def test_a_delivery_goes_to_the_address_that_it_names_below_its_source(
    served: Served, browser: Browser, deliveries: Path
):
    asked: list[str] = []

    async def hook(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=202)

    site = web.Application()
    site.router.add_post("/{path:.*}", hook)
    async with listening(site) as url:
        served.play.options.bot_url = url
        for path in ("/hooks/github/mine", "/hooks/githubs", "/elsewhere"):
            (deliveries / "push.http").write_text(PUSH.replace("/hooks/github", path, 1))
            await browser.post("deliver", source="github", name="push")

    assert asked == ["/hooks/github/mine", "/hooks/github", "/hooks/github"]


async def test_a_refused_or_unknown_delivery_says_so(served: Served, browser: Browser, deliveries: Path):
    (deliveries / "broken.http").write_text("hello")
    served.play.options.bot_url = "http://127.0.0.1:9"

    assert "cannot be replayed" in (await browser.get("state"))["deliveries"][0]["title"]
    assert "no request line" in (await browser.post("deliver", source="github", name="broken"))["text"]
    assert "no delivery" in (await browser.post("deliver", source="github", name="../../secret"))["text"]
    (deliveries / "push.http").write_text(PUSH)
    answer = await browser.post("deliver", source="github", name="push")
    assert not answer["ok"]
    assert "not running" in answer["text"]
