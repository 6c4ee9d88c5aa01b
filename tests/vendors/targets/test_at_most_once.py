"""A start is one request, whatever becomes of it; what is known afterwards is said, and no secret with it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web

from bot.core.deploy_targets import (
    Elsewhere,
    GitHubDeployment,
    GitHubWorkflow,
    GitLabDeployment,
    GitLabPipeline,
    HttpCall,
)
from bot.stages.deploy.model.ports import NotTaken, Unsure
from bot.vendors.choose_target import AnyCarrier
from tests.vendors.everywhere import everywhere
from tests.vendors.targets.orders import GITHUB_TOKEN, GITLAB_TOKEN, SECRET, SECRETS, SHA, all_of, order

KINDS = ("github workflow", "github deployment", "gitlab pipeline", "gitlab deployment", "http")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def how(kind: str, url: str) -> Elsewhere:
    return {
        "github workflow": GitHubWorkflow("deploy.yml", "main", {"version": "{version}"}),
        "github deployment": GitHubDeployment(),
        "gitlab pipeline": GitLabPipeline(),
        "gitlab deployment": GitLabDeployment(),
        "http": HttpCall(f"{url}/deploy?key=in-the-address"),
    }[kind]


class Anybody:
    """Answers what is asked before a start, and a start as it is told to; counts the starts that reach it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.starts = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{tail:.*}/repository/commits/{ref}", self._commit)
        app.router.add_get("/{tail:.*}/repository/tags/{ref}", self._commit)
        app.router.add_post("/{tail:.*}", self._start)
        return app

    async def _commit(self, request: web.Request) -> web.Response:
        return web.json_response({"id": SHA, "name": "v1.4.0"})

    async def _start(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.starts += 1
        return await self.answer(request)


def carrier(session: ClientSession, **changes: timedelta) -> AnyCarrier:
    return AnyCarrier(
        session, everywhere(GITHUB_TOKEN), everywhere(GITLAB_TOKEN), SECRET, "https://bot.harbor.example", **changes
    )


async def cuts(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def cuts_its_answer(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=201, headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await answer.prepare(request)
    await answer.write(b'{"id": 1')
    assert request.transport
    request.transport.close()
    return answer


def answers(status: int, text: str = "", content_type: str = "application/json", **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=content_type, headers=headers)

    return answer


def keeps_no_secret(error: BaseException) -> bool:
    return not any(secret in all_of(error) for secret in (*SECRETS, "in-the-address"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (cuts, "broke off before it had answered"),
        (answers(500, "oops", "text/plain"), "answered 500; it may have begun"),
        (answers(502, '{"message": "Server Error"}'), "answered 502; it may have begun"),
    ],
)
async def test_what_may_have_begun_is_unsure_and_not_asked_again(serve, session, kind, answer, says):
    anybody = Anybody(answer)
    url = await serve(anybody.app())

    with pytest.raises(Unsure, match=says) as unsure:
        await carrier(session).start(how(kind, url), order(url))
    assert anybody.starts == 1
    assert keeps_no_secret(unsure.value)


@pytest.mark.parametrize("kind", KINDS[:4])
@pytest.mark.parametrize(
    "answer",
    [
        cuts_its_answer,
        answers(201, "{"),
        answers(201, "[]"),
        answers(200, "<html>", "text/html"),
        answers(200, '{"id": "15"}'),
    ],
)
async def test_a_yes_that_cannot_be_read_is_unsure(serve, session, kind, answer):
    anybody = Anybody(answer)
    url = await serve(anybody.app())

    with pytest.raises(Unsure):
        await carrier(session).start(how(kind, url), order(url))
    assert anybody.starts == 1


async def test_a_yes_in_the_wrong_encoding_is_unsure_too(serve, session):
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=201, body=b"{}", headers={"Content-Type": "application/json; charset=klingon"})

    url = await serve(Anybody(answer).app())
    with pytest.raises(Unsure):
        await carrier(session).start(GitHubDeployment(), order(url))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (answers(307, Location="/elsewhere"), "307"),
        (answers(401, '{"message": "Bad credentials"}'), "does not accept our token|answered 401"),
        (answers(404, '{"message": "Not Found"}'), "nothing by that name|answered 404"),
        (answers(422, '{"message": "No ref found for: v1.4.0"}'), "No ref found for: v1.4.0"),
        (answers(429, '{"message": "slow down"}'), "429"),
        (answers(409, f'{{"message": "{" ".join(SECRETS)}"}}'), "409"),
    ],
)
async def test_a_no_is_said_and_not_asked_again(serve, session, kind, answer, says):
    anybody = Anybody(answer)
    url = await serve(anybody.app())

    with pytest.raises(NotTaken, match=says) as refused:
        await carrier(session).start(how(kind, url), order(url))
    assert anybody.starts == 1
    sent = {"http": SECRET}.get(kind, GITHUB_TOKEN if kind.startswith("github") else GITLAB_TOKEN)
    assert sent not in all_of(refused.value)
    assert "in-the-address" not in all_of(refused.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "http://nobody.invalid", "http://["])
async def test_where_nobody_is_nothing_has_begun(session, kind, address, unused_tcp_port):
    url = address.format(port=unused_tcp_port)

    with pytest.raises(NotTaken, match="cannot be reached") as nobody:
        await carrier(session).start(how(kind, url), order(url))
    assert keeps_no_secret(nobody.value)


@pytest.mark.parametrize("kind", KINDS)
async def test_where_encryption_cannot_be_agreed_on_nothing_has_begun(serve, session, kind):
    anybody = Anybody(answers(201, "{}"))
    url = (await serve(anybody.app())).replace("http:", "https:")

    with pytest.raises(NotTaken, match="cannot be reached"):
        await carrier(session).start(how(kind, url), order(url))
    assert anybody.starts == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_http_is_unsure_and_the_request_stays_out_of_the_error(session, kind):
    """aiohttp's error then holds our request, with every header of it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            body = f'{{"id": "{SHA}"}}'
            head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(f"{head}{body}".encode())
        else:
            writer.write(b"HTTP/1.1 what?\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = "http://{}:{}".format(*server.sockets[0].getsockname())
        with pytest.raises(Unsure, match="broke off") as unsure:
            await carrier(session).start(how(kind, url), order(url))
    assert keeps_no_secret(unsure.value)


async def test_silence_is_unsure(serve, session):
    over = asyncio.Event()

    async def waits(request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    anybody = Anybody(waits)
    url = await serve(anybody.app())
    hasty = carrier(session, limit=timedelta(seconds=1))

    ended = await asyncio.gather(
        *(hasty.start(how(kind, url), order(url)) for kind in KINDS), return_exceptions=True
    )
    over.set()
    assert [type(one) for one in ended] == [Unsure] * len(KINDS)
    assert all("did not answer within 1 s; it may have begun" in str(one) for one in ended)
    assert anybody.starts == len(KINDS)
    assert all(keeps_no_secret(one) for one in ended if isinstance(one, Unsure))


@pytest.mark.parametrize(
    ("kind", "variable"),
    [
        ("github workflow", r"GITHUB_TOKENS names no token for 127\.0\.0\.1"),
        ("github deployment", r"GITHUB_TOKENS names no token for 127\.0\.0\.1"),
        ("gitlab pipeline", r"GITLAB_TOKENS names no token for 127\.0\.0\.1"),
        ("gitlab deployment", r"GITLAB_TOKENS names no token for 127\.0\.0\.1"),
        ("http", "EIGHTBELLS_HOOK_SECRET_DEPLOYS"),
    ],
)
async def test_without_the_secret_nothing_begins_and_its_variable_is_named(serve, session, kind, variable):
    anybody = Anybody(answers(201, '{"id": 1}'))
    url = await serve(anybody.app())

    with pytest.raises(NotTaken, match=variable):
        await AnyCarrier(session).start(how(kind, url), order(url))
    assert anybody.starts == 0
