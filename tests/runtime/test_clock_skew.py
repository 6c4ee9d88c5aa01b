"""Clock skew: measured against Slack's answers and the database server, said, and obeyed before anything is deleted."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from bot.operator.readiness import checks
from bot.runtime import health, upkeep
from bot.runtime.clock_skew import DATABASE, SLACK, ClockSkew
from bot.runtime.findings import Severity

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Machine:
    """A machine whose wall clock can be moved, and whose monotonic one only goes on."""

    def __init__(self) -> None:
        self.at, self.tick = NOON, 1000.0
        self.skew = ClockSkew("https://slack.com/api/", now=lambda: self.at, ticks=lambda: self.tick)

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.tick += seconds

    def hears(self, said: datetime, took: float = 0.2) -> None:
        """An answer of Slack's that says this second, after so long."""
        began = self.tick
        self.passes(took)
        self.skew.heard(SLACK, said, said + SECOND, began)


@pytest.mark.parametrize(
    ("said", "took", "ahead"),
    [
        (0, 0.2, 0),  # the same second
        (-1, 0.2, 0),  # it ended while the request was under way
        (3, 9.0, 0),  # a slow answer proves nothing
        (-30, 0.0, 29),  # we are ahead, by what its second leaves open less
        (30, 0.0, -30),
        (-7200, 0.5, 7199),
    ],
)
def test_only_what_the_header_and_the_time_of_the_request_leave_no_doubt_of_counts(said, took, ahead) -> None:
    machine = Machine()
    machine.hears(NOON + timedelta(seconds=said), took)
    assert machine.skew.known == {SLACK: timedelta(seconds=ahead)}


@pytest.mark.parametrize(
    ("behind", "status", "says"),
    [
        (0, 200, "ok"),
        (3, 200, "ok"),
        (10, 200, "this machine's clock is 9 s ahead of that of Slack: have it set by NTP"),
        (7201, 503, "this machine's clock is 2 h ahead of that of Slack: have it set by NTP"),
        (-7200, 503, "this machine's clock is 2 h behind that of Slack: have it set by NTP"),
    ],
)
async def test_readiness_says_it_and_ends_where_nothing_would_be_true(behind: int, status: int, says: str) -> None:
    machine = Machine()
    machine.hears(NOON - timedelta(seconds=behind), 0.0)
    clock = checks(*[SimpleNamespace()] * 4, machine.skew, socket_mode=False)["clock"]
    app = web.Application()
    app.add_routes(health.routes({"clock": clock}))
    async with TestClient(TestServer(app)) as client, client.get("/readyz") as answer:
        assert (answer.status, (await answer.json())["checks"]["clock"]) == (status, says)


def test_nothing_heard_is_unknown_and_confirms_nothing() -> None:
    machine = Machine()
    assert (machine.skew.trouble, machine.skew.is_confirmed()) == (None, False)
    (found,) = machine.skew.findings()
    assert (found.severity, found.what) == (
        Severity.WARNING,
        "this machine's clock could be compared with no other",
    )


def test_what_was_heard_an_hour_ago_is_unknown_again() -> None:
    machine = Machine()
    machine.hears(NOON)
    assert machine.skew.is_confirmed()
    machine.passes(3601)
    assert not machine.skew.is_confirmed()


@pytest.mark.parametrize("by", [timedelta(hours=-2), timedelta(hours=2), timedelta(days=365)])
async def test_a_clock_that_is_moved_is_noticed_before_anybody_else_is_heard(by: timedelta) -> None:
    machine = Machine()
    machine.hears(NOON)
    machine.passes(30)
    await machine.skew.look()
    assert machine.skew.is_confirmed()

    machine.at += by
    await machine.skew.look()
    assert machine.skew.furthest == abs(by)
    assert not machine.skew.is_confirmed()
    machine.at -= by
    await machine.skew.look()
    assert machine.skew.is_confirmed()


@pytest.mark.parametrize(("behind", "severity"), [(0, "fine"), (20, "warning"), (600, "mistake")])
def test_check_says_it_with_what_to_do(behind: int, severity: str) -> None:
    machine = Machine()
    machine.hears(NOON - timedelta(seconds=behind))
    (found,) = machine.skew.findings()
    assert found.severity == severity
    assert ("chrony" in found.todo) is (behind > 0)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("two hours ago", True),
        ("yesterday, or so", False),
        ("", False),
    ],
)
async def test_every_answer_of_slack_is_heard_and_no_one_elses(header: str, known: bool) -> None:
    if known:  # the machine is as far ahead as the test says, however long ago it was collected
        header = format_datetime(datetime.now(UTC) - timedelta(hours=2), usegmt=True)

    async def answers(_: web.Request) -> web.Response:
        return web.json_response({"ok": True}, headers={"Date": header})

    app = web.Application()
    app.router.add_get("/api/auth.test", answers)
    async with TestServer(app) as server, ClientSession() as session:
        address = str(server.make_url("/api/"))
        ours = ClockSkew(address).hearing(session)
        other = ClockSkew("https://slack.com/api/").hearing(session)
        async with session.get(f"{address}auth.test") as answer:
            assert answer.status == 200
        assert other.known == {}
        assert [round(ahead.total_seconds() / 60) for ahead in ours.known.values()] == ([120] if known else [])


async def test_the_database_servers_clock_is_read_where_it_has_one(database) -> None:
    late = ClockSkew("https://slack.com", now=lambda: datetime.now(UTC) - timedelta(minutes=5))
    await late.look(database)
    if database.dialect == "sqlite":
        assert late.known == {}
    else:
        assert round(late.known[DATABASE].total_seconds() / 60) == -5
        assert "5 min behind that of the database server" in (late.trouble or "")


class Enough(Exception):
    """The loop has gone round often enough."""


async def test_nothing_is_swept_until_another_clock_confirms_the_time(monkeypatch) -> None:
    slept, swept = [], []
    answers = iter([False, False, True])

    async def sleeps(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            raise Enough

    async def tidies(*_: object) -> None:
        swept.append(len(slept))

    monkeypatch.setattr(upkeep.asyncio, "sleep", sleeps)
    monkeypatch.setattr(upkeep, "tidy", tidies)
    with pytest.raises(Enough):
        await upkeep.keep_tidy(None, None, lambda: None, lambda: next(answers))
    hour, day = upkeep.UNCONFIRMED_SECONDS, upkeep.DAY_SECONDS
    assert slept == [upkeep.FIRST_AFTER_SECONDS, hour, hour, day]
    assert swept == [3]
