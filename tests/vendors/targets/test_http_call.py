"""Deployments by whoever takes a signed request at an address."""

import hmac
import json
from typing import Any

import pytest
from aiohttp import web

from bot.core.deploy_targets import HttpCall
from bot.stages.deploy.model.ports import NotTaken, Taken
from bot.vendors.choose_target import AnyCarrier
from tests.vendors.targets.orders import SECRET, SHA, all_of, order

HOSTILE = 'v1", "environment": "evil\n{sha}'


class Deployer:
    """Believes a request whose bytes its signature fits, and answers as it is told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.status, self.body = 202, b""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/deploy", self._deploy)
        return app

    async def _deploy(self, request: web.Request) -> web.Response:
        body = await request.read()
        signature = "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        if not hmac.compare_digest(signature, request.headers["X-Eightbells-Signature"]):
            return web.Response(status=401, text="wrong signature")
        self.asked.append(json.loads(body))
        self.keys.append(request.headers["Idempotency-Key"])
        return web.Response(status=self.status, body=self.body)


@pytest.fixture
def deployer() -> Deployer:
    return Deployer()


@pytest.fixture
async def url(serve, deployer) -> str:
    return f"{await serve(deployer.app())}/deploy"


@pytest.fixture
def carrier(session) -> AnyCarrier:
    return AnyCarrier(session, http_secret=SECRET, url="https://bot.harbor.example/")


TAKEN = Taken("deploys:D-12/1")


async def test_a_signed_request_says_what_to_deploy_where_to_report_and_which_start_it_is(deployer, url, carrier):
    how = HttpCall(url, {"image": "web:{version}", "run": "{deployment}", "environment": "elsewhere"})

    assert await carrier.start(how, order()) == TAKEN
    assert deployer.keys == ["D-12/1"]
    assert deployer.asked == [
        {
            "deployment": "D-12/1",
            "service": "web",
            "version": "v1.4.0",
            "environment": "production",  # what was approved, whatever else the team sends along
            "sha": SHA,
            "callback": "https://bot.harbor.example/hooks/deploys",
            "image": "web:v1.4.0",
            "run": "D-12/1",
        }
    ]


async def test_hostile_values_stay_values(deployer, url, carrier):
    await carrier.start(HttpCall(url, {"image": "web:{version}"}), order(version=HOSTILE, service="wéb"))

    asked = deployer.asked[0]
    assert (asked["version"], asked["image"], asked["service"]) == (HOSTILE, f"web:{HOSTILE}", "wéb")
    assert asked["environment"] == "production"


async def test_without_an_address_of_ours_none_is_said(deployer, url, session):
    await AnyCarrier(session, http_secret=SECRET).start(HttpCall(url), order())

    assert "callback" not in deployer.asked[0]


async def test_a_wrong_secret_is_refused_there(deployer, url, session):
    with pytest.raises(NotTaken, match=r"^127\.0\.0\.1 answered 401: wrong signature$") as refused:
        await AnyCarrier(session, http_secret="another-secret").start(HttpCall(url), order())
    assert deployer.asked == []
    assert "another-secret" not in all_of(refused.value)


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (b'{"url": "https://cd.harbor.example/runs/7"}', "https://cd.harbor.example/runs/7"),
        (b'{"url": "javascript:alert(1)"}', ""),
        (b'{"url": "https://x|<!channel>"}', ""),
        (b'{"url": 7}', ""),
        (b'["url"]', ""),
        (b"OK", ""),
        (b"\xff{", ""),
        (b'{"url": "https://cd.harbor.example/"}' + b" " * 70_000, "https://cd.harbor.example/"),
        (b'{"more": "' + b"x" * 70_000 + b'", "url": "https://cd.harbor.example/"}', ""),
    ],
)
async def test_a_yes_may_say_where_to_look(deployer, url, carrier, body, page):
    deployer.body = body

    assert await carrier.start(HttpCall(url), order()) == Taken("deploys:D-12/1", page)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, b"no such service: web.\nTraceback (most recent call last)", "answered 400: no such service: web"),
        (409, b"\n\n  frozen\x1b[31m until Monday ", "answered 409: frozen [31m until Monday"),
        (422, b"", "answered 422"),
        (403, f"your secret is {SECRET}".encode(), "answered 403: your secret is …"),
        (400, b"x" * 1000, f"answered 400: {'x' * 199}…"),
    ],
)
async def test_a_no_is_said_by_its_first_line(deployer, url, carrier, status, body, says):
    deployer.status, deployer.body = status, body

    with pytest.raises(NotTaken) as refused:
        await carrier.start(HttpCall(url), order())
    assert str(refused.value) == f"127.0.0.1 {says}"


async def test_nothing_can_be_asked_of_it_afterwards(deployer, url, carrier):
    how, started = HttpCall(url), order(reference="deploys:D-12/1")

    assert await carrier.find(how, started) is None
    assert await carrier.look(how, started) is None
    assert not await carrier.stop(how, started)
    assert deployer.asked == []


async def test_the_image_is_said_where_it_is_known(deployer, url, carrier):
    await carrier.start(HttpCall(url), order(artifact="registry.harbor.example/web@sha256:0b31"))
    await carrier.start(HttpCall(url), order(artifact=""))

    assert [asked.get("artifact") for asked in deployer.asked] == ["registry.harbor.example/web@sha256:0b31", None]
