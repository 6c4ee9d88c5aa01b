"""What stands before Bolt: only what Slack signed, now, once, and readable."""

import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from bot.runtime.clock import SteadyClock
from bot.slack.inbound.signature import BODY_MAX, VALUES_MAX, Guard, Recent, Rejected, is_ssl_check
from tests.slack.inbound.edge_world import running

# Slack's own example, docs.slack.dev/authentication/verifying-requests-from-slack
SLACKS_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACKS_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
    b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
    b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
    b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACKS_HEADERS = {
    "X-Slack-Request-Timestamp": "1531420618",
    "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
}


class Clock:
    now = 1531420618.0

    def __call__(self):
        return self.now


async def test_slacks_own_example_is_let_in_once():
    guard = Guard(SLACKS_SECRET, Clock())
    assert (await guard.admit(SLACKS_HEADERS, SLACKS_BODY))["command"] == "/webhook-collect"
    with pytest.raises(Rejected, match="seen before"):
        await guard.admit(SLACKS_HEADERS, SLACKS_BODY)


@pytest.mark.parametrize("off", [-301, 301])
async def test_a_stale_request_is_refused(off):
    clock = Clock()
    clock.now += off
    with pytest.raises(Rejected, match="stale"):
        await Guard(SLACKS_SECRET, clock).admit(SLACKS_HEADERS, SLACKS_BODY)


async def test_a_replay_is_refused_as_long_as_its_timestamp_would_pass():
    clock = Clock()
    guard = Guard(SLACKS_SECRET, clock)
    clock.now -= 299  # it was signed by a clock ahead of ours
    await guard.admit(SLACKS_HEADERS, SLACKS_BODY)
    for later in (1, 301, 598):
        clock.now = 1531420618.0 - 299 + later
        with pytest.raises(Rejected, match="seen before"):
            await guard.admit(SLACKS_HEADERS, SLACKS_BODY)


def signed_at(stamp):
    mac = hmac.digest(SLACKS_SECRET.encode(), f"v0:{stamp}:".encode() + SLACKS_BODY, "sha256")
    return {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": f"v0={mac.hex()}"}


@pytest.mark.parametrize("others_since", [True, False])
@pytest.mark.parametrize("hours", [0.5, 2, 24])
async def test_a_clock_that_is_put_back_opens_the_door_to_no_replay(hours, others_since):
    clock = Clock()
    guard = Guard(SLACKS_SECRET, clock)
    first = int(clock.now)
    await guard.admit(signed_at(first), SLACKS_BODY)
    for n in range(1, int(hours * 12)):  # what comes meanwhile has what was seen forgotten
        clock.now = first + n * 300
        if others_since:
            await guard.admit(signed_at(int(clock.now)), SLACKS_BODY)
    clock.now = first + 1
    with pytest.raises(Rejected, match="stale" if others_since else "seen before"):
        await guard.admit(signed_at(first), SLACKS_BODY)


@pytest.mark.parametrize("hours", [-24, -2, 2, 24])
async def test_a_clock_that_is_moved_locks_nobody_out_and_lets_nothing_in_twice(hours):
    machine, ticks = [datetime.fromtimestamp(Clock.now, UTC)], [0.0]
    clock = SteadyClock(lambda: machine[0], lambda: ticks[0])
    guard = Guard(SLACKS_SECRET, clock.timestamp)
    first = int(Clock.now)
    await guard.admit(signed_at(first), SLACKS_BODY)
    machine[0] += timedelta(hours=hours)
    for seconds in range(60, 3600, 240):
        machine[0] += timedelta(seconds=seconds - ticks[0])
        ticks[0] = seconds
        await guard.admit(signed_at(first + seconds), SLACKS_BODY)
    with pytest.raises(Rejected, match="stale"):
        await guard.admit(signed_at(first), SLACKS_BODY)


async def test_a_slow_request_is_let_in_after_a_newer_one():
    clock = Clock()
    guard = Guard(SLACKS_SECRET, clock)
    await guard.admit(signed_at(int(clock.now)), SLACKS_BODY)
    assert await guard.admit(signed_at(int(clock.now) - 299), SLACKS_BODY)


def test_what_is_remembered_is_forgotten_in_the_end():
    clock = Clock()
    recent = Recent(clock, 10)
    assert recent.add("a")
    clock.now += 11
    assert not recent.add("a")
    clock.now += 11
    recent.add("b")
    clock.now += 11
    assert recent.add("a")


def test_a_guard_without_a_secret_is_none():
    with pytest.raises(ValueError, match="secret"):
        Guard("")


def test_a_certificate_check_needs_no_signature():
    assert is_ssl_check(b"token=x&ssl_check=1")
    assert not is_ssl_check(SLACKS_BODY)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Slack-Signature": "v0=0"}, 401),
        ({"X-Slack-Signature": "v0=é"}, 401),
        ({"X-Slack-Request-Timestamp": "soon"}, 401),
        ({"X-Slack-Request-Timestamp": "١٢٣"}, 401),
        ({"X-Slack-Request-Timestamp": "9" * 5000}, 401),
        ({"X-Slack-Request-Timestamp": ""}, 401),
    ],
)
async def test_unsigned_requests_are_answered_401_and_nothing_happens(headers, status):
    async with running() as edge:
        answer = await edge.post("command=%2Fdeploy&text=quiet&user_id=U0ANA&trigger_id=1", headers=headers)
        assert answer[0] == status
        assert edge.used == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('"x"', "application/json; charset=utf-8", 400),
        ("[" * 100_000, "application/json", 413),
        ("1" * 10_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        ("payload={", None, 400),
        ("payload=%5B%5D", None, 400),
        ("&".join(f"a{n}=1" for n in range(500)), None, 400),
        ("x" * (BODY_MAX + 1), None, 413),
        ("[" * 40_000, "application/json", 400),
        ('{"a": [' + ",".join(["1"] * (VALUES_MAX + 2)) + "]}", "application/json", 413),
        ("payload=%5B" + ",".join(["[]"] * 50_001) + "%5D", None, 413),
        ("payload=" + "%5B%5D" * 150_000, None, 413),
        ('{"a": ' + "1" * 101 + "}", "application/json", 400),
        ('{"a": "\\ud800"}', "application/json", 400),
        ("", None, 200),
        ("{}", "application/json", 200),
        ('{"type": "event_callback"}', "application/json", 200),
        ('{"type": "event_callback", "event": {"type": "message"}}', "application/json", 200),
        (
            '{"type": "event_callback", "event": {"type": "app_mention", "user": 7, "text": []}}',
            "application/json",
            400,
        ),
        ('{"type": "app_rate_limited", "minute_rate_limited": 1}', "application/json", 200),
        ("payload=%7B%22type%22%3A%22block_actions%22%7D", None, 200),
        ("payload=%7B%22type%22%3A%22view_submission%22%7D", None, 200),
        ("payload=%7B%22type%22%3A%22view_closed%22%7D", None, 200),
        ("payload=%7B%22type%22%3A%22block_suggestion%22%7D", None, 200),
        ("payload=%7B%22type%22%3A%22message_action%22%7D", None, 200),
        ("payload=%7B%22type%22%3A%22something_new%22%7D", None, 200),
    ],
)
async def test_odd_bodies_never_make_a_500(body, content_type, status):
    async with running() as edge:
        assert (await edge.post(body, content_type=content_type))[0] == status
        await edge.settle()


async def test_a_body_without_a_length_is_read_no_further_than_the_limit():
    async with running() as edge:

        async def endless():
            for _ in range(40):
                yield b"x" * 65_536

        url = edge.server.make_url("/slack/events")
        looks_signed = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=0"}
        async with edge.session.post(url, data=endless(), headers=looks_signed) as response:
            assert response.status == 413
        async with edge.session.post(url, data=endless()) as response:
            assert response.status == 401  # for its headers alone


async def test_a_url_is_verified_when_it_is_signed():
    async with running() as edge:
        body = json.dumps({"type": "url_verification", "challenge": "3eZ"})
        assert await edge.post(body, content_type="application/json") == (200, '{"challenge": "3eZ"}')
        assert (await edge.post(body, content_type="application/json", secret="other"))[0] == 401


async def test_whoever_says_to_be_a_proxy_is_refused_like_others_in_the_same_line_of_the_log():
    async with running() as edge:
        with structlog.testing.capture_logs() as lines:
            for n in range(3):
                claimed = {"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"}
                status, _ = await edge.post("command=%2Fdeploy", secret="wrong", headers=claimed)
                assert status == 401
        refused = [line for line in lines if line["event"] == "request rejected"]
        assert len(refused) == 1
        assert "203.0.113" not in str(lines)
