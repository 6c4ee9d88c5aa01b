"""What went live, told as CDEvents: as their specification has it, and as our own source reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.config import read_settings
from bot.core.events import DeploymentReported, RunState
from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.announcement_port import LiveAs, Told
from bot.vendors.cdevents.announce import CDEventsSink, artifact
from bot.vendors.kit.webhooks import Delivery
from tests.vendors import captured

TOKEN = "cdevents-bearer-token"
SHA = "9f3c2a17d4e5b6a8c9d0e1f2a3b4c5d6e7f80912"
TOLD = Told(
    LiveAs.UPGRADED,
    "D-12/1",
    "web",
    "production",
    "v1.4.0",
    SHA,
    Repository(github="harbor/web"),
    datetime(2026, 11, 24, 11, 0, tzinfo=timezone(timedelta(hours=1))),
    "https://github.com/harbor/web/actions/runs/7",
)


class Receiver:
    """Takes CloudEvents, and keeps them as they came."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.answer: Any = lambda: web.Response(status=202)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/events", self._take)
        return app

    async def _take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.taken.append(Delivery("cdevents", headers, await request.read(), datetime.now(UTC)))
        if self.answer is None:
            assert request.transport
            request.transport.abort()
            return web.Response()
        return self.answer()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def url(receiver: Receiver) -> AsyncIterator[str]:
    async with TestServer(receiver.app()) as server:
        yield str(server.make_url("/events"))


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


async def test_an_event_is_a_cloudevent_in_structured_mode_with_a_cdevent_in_it(receiver, url, session):
    await CDEventsSink(session, url, TOKEN, source="https://bot.harbor.example").tell(TOLD)

    taken = receiver.taken[0]
    assert taken.headers["content-type"] == "application/cloudevents+json"
    assert taken.headers["authorization"] == f"Bearer {TOKEN}"
    # https://github.com/cdevents/spec/blob/main/cloudevents-binding.md: what both say, both say alike.
    event = json.loads(taken.body)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "D-12/1",
        "source": "https://bot.harbor.example",
        "type": "dev.cdevents.service.upgraded.0.3.0",
        "subject": "service/web",
        "time": "2026-11-24T10:00:00Z",
        "datacontenttype": "application/cdevents+json",
    }
    assert data["context"] == {
        "specversion": "0.5.0",
        "id": "D-12/1",
        "source": "https://bot.harbor.example",
        "type": "dev.cdevents.service.upgraded.0.3.0",
        "timestamp": "2026-11-24T10:00:00Z",
    }
    assert data["subject"] == {
        "id": "service/web",
        "source": "https://bot.harbor.example",
        "content": {
            "environment": {"id": "production"},
            "artifactId": f"pkg:generic/web@v1.4.0?vcs_url=git%2Bhttps%3A%2F%2Fgithub.com%2Fharbor%2Fweb%40{SHA}",
        },
    }
    assert data["customData"] == {
        "eightbells": {"version": "v1.4.0", "sha": SHA, "url": "https://github.com/harbor/web/actions/runs/7"}
    }


@pytest.mark.parametrize("kind", LiveAs)
async def test_our_own_source_reads_what_we_tell(receiver, url, session, kind):
    await CDEventsSink(session, url).tell(replace(TOLD, kind=kind))

    (event,) = captured.SOURCES["cdevents"].parse(receiver.taken[0])
    assert isinstance(event, DeploymentReported)
    assert (event.repository, event.sha, event.ref) == ("harbor/web", SHA, "v1.4.0")
    assert (event.environment, event.state, event.facts["service"]) == ("production", RunState.PASSED, "web")
    assert event.facts["what"] == kind.value
    assert event.at == TOLD.at
    assert "authorization" not in receiver.taken[0].headers


@pytest.mark.parametrize("version", ["feature/x", "v1@2?tag=a&b#c", "1.0+build 7", 'v"\n{sha}', "vé"])
async def test_hostile_versions_come_through_whole(receiver, url, session, version):
    await CDEventsSink(session, url).tell(replace(TOLD, version=version))

    (event,) = captured.SOURCES["cdevents"].parse(receiver.taken[0])
    assert (event.ref, event.sha, event.repository) == (version, SHA, "harbor/web")


async def test_a_repeat_is_seen_to_be_one(receiver, url, session):
    sink = CDEventsSink(session, url)
    await sink.tell(TOLD)
    await sink.tell(TOLD)
    await sink.tell(replace(TOLD, id="D-13/1"))

    bodies = [taken.body for taken in receiver.taken]
    assert bodies[0] == bodies[1] != bodies[2]


@pytest.mark.parametrize(
    ("repository", "code"),
    [
        (Repository(github="harbor/web", github_api="https://ghe.harbor.example/api/v3"), "ghe.harbor.example"),
        (Repository(gitlab="harbor/web"), "gitlab.com"),
        (Repository(gitlab="harbor/web", gitlab_api="https://git.harbor.example/api/v4/"), "git.harbor.example"),
    ],
)
def test_an_artifact_names_where_its_code_is(repository, code):
    told = artifact(replace(TOLD, repository=repository))

    assert told == f"pkg:generic/web@v1.4.0?vcs_url=git%2Bhttps%3A%2F%2F{code}%2Fharbor%2Fweb%40{SHA}"


def test_a_path_on_this_machine_is_not_told():
    assert artifact(replace(TOLD, repository=Repository(git="/srv/web"))) == "pkg:generic/web@v1.4.0"
    assert artifact(replace(TOLD, sha="", version="", repository=Repository())) == "pkg:generic/web"
    assert artifact(replace(TOLD, version="", repository=Repository())) == f"pkg:generic/web@{SHA}"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda: web.Response(status=500), "answered 500"),
        (lambda: web.Response(status=401, text=TOKEN), "answered 401"),
        (lambda: web.Response(status=307, headers={"Location": "/elsewhere"}), "answered 307"),
        (None, "broke off"),
    ],
)
async def test_what_is_not_taken_is_said_without_the_token(receiver, url, session, answer, says):
    receiver.answer = answer

    with pytest.raises(HostUnreachable, match=says) as unreachable:
        await CDEventsSink(session, url, TOKEN).tell(TOLD)
    error: BaseException | None = unreachable.value
    while error is not None:
        assert TOKEN not in repr((error, error.args, vars(error)))
        error = error.__cause__ or error.__context__
    assert len(receiver.taken) == 1


async def test_nobody_and_silence_are_said(receiver, url, session, unused_tcp_port):
    with pytest.raises(HostUnreachable, match="cannot be reached"):
        await CDEventsSink(session, f"http://127.0.0.1:{unused_tcp_port}/").tell(TOLD)

    over = asyncio.Event()
    app = web.Application()

    async def waits(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    app.router.add_post("/", waits)
    async with TestServer(app) as server:
        with pytest.raises(HostUnreachable, match="did not answer within 1 s"):
            await CDEventsSink(session, str(server.make_url("/")), limit=timedelta(seconds=1)).tell(TOLD)
        over.set()


def test_its_token_is_a_secret():
    settings, mistakes = read_settings({"EIGHTBELLS_CDEVENTS_TOKEN": TOKEN}, serving=False)

    assert mistakes == []
    assert settings is not None
    assert TOKEN in settings.secrets
    assert TOKEN not in repr(settings)
