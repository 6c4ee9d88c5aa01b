"""Bad input on the wire: what is not signed, not new, too large or not readable is refused, and nothing is stored."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.product import HOOK_SECRETS, SIGNING_SECRET, VENDORS, Site, eventually, site
from tests.needs import needs

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), needs("git")]

COMMAND = b"command=%2Fplan&text=add+Louder+bell&user_id=U0TOM&team_id=T0PLAY&channel_id=C0GENERAL&trigger_id=1.2.3"
FIRING = json.loads(
    (VENDORS / "alertmanager" / "deliveries" / "firing_one.http")
    .read_text()
    .partition("\n\n")[2]
    .replace("{{now}}", "2026-11-24T12:00:00Z")
    .replace("{{now-15m}}", "2026-11-24T11:45:00Z")
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A bot that serves over HTTP, on SQLite."""
    folder = tmp_path_factory.mktemp("wire")
    async with site(folder, f"sqlite:///{folder / 'eightbells.db'}") as ready:
        await ready.start()
        yield ready


def stored(served: Site) -> dict[str, int]:
    """How many rows tell of something that came in."""
    path = served.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        tables = ("inbox", "ledger", "outbox", "receipt")
        return {name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


def from_slack(body: bytes, *, at: float | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers with which Slack sends this body."""
    stamp = str(int(at or time.time()))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def from_alertmanager(secret: str = HOOK_SECRETS["alertmanager"]) -> dict[str, str]:
    return {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}


def from_github(body: bytes, secret: str = HOOK_SECRETS["github"]) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    event = {"X-GitHub-Event": "push", "X-GitHub-Delivery": digest[:32]}
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"} | event


HUGE = b"text=" + b"x" * (1 << 20)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# By what is wrong: the body, the headers as they are made when it is sent, and the answer.
REFUSED_FROM_SLACK: Mapping[str, tuple[bytes, Callable[[bytes], dict[str, str]], int]] = {
    "unsigned": (COMMAND, lambda _: FORM, 401),
    "signed with another secret": (COMMAND, lambda body: from_slack(body, secret="another-secret"), 401),
    "signed an hour ago": (COMMAND, lambda body: from_slack(body, at=time.time() - 3_600), 401),
    "signed an hour ahead": (COMMAND, lambda body: from_slack(body, at=time.time() + 3_600), 401),
    "larger than anything of Slack's": (HUGE, from_slack, 413),
    "not readable": (b'{"type": "event_callback", ', from_slack, 400),
    "nothing at all": (b"", lambda _: {}, 401),
}


@pytest.mark.parametrize("what", REFUSED_FROM_SLACK)
async def test_a_request_that_slack_did_not_just_sign_is_refused_and_not_stored(served: Site, what: str) -> None:
    body, signed, status = REFUSED_FROM_SLACK[what]
    before = stored(served)
    assert (await served.post("/slack/events", body, signed(body))).status == status
    assert stored(served) == before


async def test_a_request_of_slacks_counts_once(served: Site) -> None:
    headers = from_slack(COMMAND)
    assert (await served.post("/slack/events", COMMAND, headers)).status == 200
    await served.play.said("Louder bell")
    before = stored(served)
    assert (await served.post("/slack/events", COMMAND, headers)).status == 401
    assert stored(served) == before


REFUSED_FROM_HOOKS: Mapping[str, tuple[str, bytes, dict[str, str], int]] = {
    "unsigned": ("github", b"{}", {}, 401),
    "signed with another secret": ("github", b"{}", from_github(b"{}", "another-secret"), 401),
    "another's bearer": ("alertmanager", b"{}", from_alertmanager("another-secret"), 401),
    "not JSON": ("alertmanager", b"alerts: []", from_alertmanager(), 400),
    "too large": ("alertmanager", b'"' + b"x" * (17 << 20) + b'"', from_alertmanager(), 413),
    "nested too deeply": ("alertmanager", b"[" * 40_000, from_alertmanager(), 400),
    "too many lists": ("alertmanager", b"[" * 100_000, from_alertmanager(), 413),
    "of no source": ("jenkins", b"{}", from_alertmanager(), 404),
}


@pytest.mark.parametrize("what", REFUSED_FROM_HOOKS)
async def test_a_webhook_that_cannot_be_trusted_or_read_is_refused_and_not_stored(served: Site, what: str) -> None:
    source, body, headers, status = REFUSED_FROM_HOOKS[what]
    before = stored(served)
    assert (await served.post(f"/hooks/{source}", body, headers)).status == status
    assert stored(served) == before


async def test_a_webhook_with_a_wrong_field_is_kept_shown_to_admins_and_tried_again(served: Site) -> None:
    wrong = json.loads(json.dumps(FIRING))
    wrong["alerts"][0]["labels"] = "web-1"
    answer = await served.post("/hooks/alertmanager", json.dumps(wrong).encode(), from_alertmanager())
    assert answer.status == 202

    async def home() -> str:
        await served.play.ask("home/open", {"as": "U0ANA"})
        return json.dumps((await served.play.ask("home?as=U0ANA"))["view"], ensure_ascii=False)

    async def names_the_path() -> str | None:
        shown = await home()
        return shown if "alerts.0.labels" in shown else None

    assert "Dead letters* (1)" in await eventually("the path is on the Home tab", names_the_path)
    view = (await served.play.ask("home?as=U0ANA"))["view"]
    button = next(b for b in view["blocks"] if "Try delivery again" in json.dumps(b))
    pressed = {"block_id": button["block_id"], "action_id": button["accessory"]["action_id"]}
    container = {"type": "view", "view_id": view["id"]}
    attempts = _attempts(served)
    await served.play.ask("action", {"as": "U0ANA", "container": container, **pressed})

    async def was_tried() -> bool:
        return _attempts(served) != attempts and bool(await names_the_path())

    await eventually("it is tried and names the path again", was_tried)


def _attempts(served: Site) -> list[Any]:
    path = served.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return conn.execute("SELECT * FROM inbox").fetchall()


async def test_while_the_database_is_locked_nothing_is_said_to_be_stored_and_afterwards_all_is_well(
    served: Site,
) -> None:
    body = json.dumps(FIRING | {"groupKey": '{}:{alertname="Locked"}'}).encode()
    path = served.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(
            served.post("/hooks/alertmanager", body, from_alertmanager()),
            served.play.send("U0TOM", "C0GENERAL", "/plan add Quieter bell"),
        )
        assert answers[0].status == 503
        assert "Quieter bell is planned" not in " ".join(await served.play.whispers("U0TOM"))

        async def unready() -> bool:
            return await served.status("/readyz") == 503

        await eventually("readiness says so", unready)
        assert await served.status("/healthz") == 200
        other.execute("ROLLBACK")

    async def ready() -> bool:
        return await served.status("/readyz") == 200

    await eventually("it is ready again", ready)
    assert (await served.post("/hooks/alertmanager", body, from_alertmanager())).status == 202
    await served.play.send("U0TOM", "C0GENERAL", "/plan add Quieter bell")
    await served.play.said("Quieter bell")
    said = [m["text"] for m in await served.play.messages() if "Quieter bell" in m["text"]]
    assert len(said) == 1
