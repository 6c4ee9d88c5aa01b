"""What a deployment prints is kept and shown: no secret of ours is in it, nor what looks like one of anybody's."""

import sys
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import pytest

from bot.core.deploy_targets import Command, GitHubWorkflow
from bot.core.events import DeploymentReported, RunState
from bot.runtime.deliveries import Deliveries
from bot.runtime.redaction import HIDDEN, Redaction
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy.model.ports import Line, NotTaken, Report, Unsure
from bot.vendors.choose_target import AnyCarrier
from bot.vendors.kit.output import LINE_MAX, Lines
from bot.vendors.kit.webhooks import Delivery
from bot.vendors.local.command import LocalCommand
from tests.fakes import NOON
from tests.vendors.targets.orders import order

OURS = "our-own-hook-secret"
PEM = "our-first-line-of-a-key\nour-second-line-of-a-key"
REDACT = Redaction({OURS, PEM}).text
KEY = "\n".join(
    (
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4,ENCRYPTED",
        "",
        "MIIEowIBAAKCAQEA7bq",
        "q83vASM=",
        "-----END RSA PRIVATE KEY-----",
    )
)
LEAKS = {
    "own": (f"the secret is {OURS}.", OURS),
    "a line of our own": ("our-second-line-of-a-key", "our-second"),
    "github": ("remote: ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_01"),
    "github app": ("ghs_0123456789abcdefghijABCDEFGHIJ012345", "ghs_01"),
    "github fine": ("github_pat_11ABCDEFG0123456789_abcdefghij", "github_pat_11"),
    "gitlab": ("glpat-0123456789abcdefghij", "glpat-01"),
    "slack bot": ("xoxb-123456789012-abcdefghij", "xoxb-12"),
    "slack app": ("xapp-1-A0123-456-abcdef", "xapp-1"),
    "aws key": ("using AKIAIOSFODNN7EXAMPLE", "AKIAIO"),
    "aws secret": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrX"),
    "jwt": ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "eyJzdWI"),
    "header": ("> Authorization: Bearer abcdef0123456789", "abcdef01"),
    "other header": ("> Authorization: token abcdef0123456789", "abcdef01"),
    "assignment": ("PGPASSWORD=hunter22 psql", "hunter22"),
    "yaml": ("  client_secret: 8dj38dk3jd83", "8dj38"),
    "userinfo": ("cloning https://deploy:hunter22@git.example.com/web", "hunter22"),
    "token as user": ("cloning https://0123456789abcdef0123@git.example.com/web", "0123456789abcdef"),
    "private key": (KEY, "MIIEow"),
    "npm": ("//registry/:_authToken npm_" + "a1B2" * 9, "npm_a1"),
    "pypi": ("pypi-" + "AgEIcHlwaS5vcmc" * 3, "pypi-AgE"),
    "docker hub": ("dckr_pat_" + "a1B2c3" * 5, "dckr_pat_a1"),
    "stripe": ("sk_" + "live_" + "a1B2" * 6, "live_a1"),
    "sendgrid": ("SG." + "a1B2" * 6 + "." + "c3D4" * 6, "a1B2a1"),
    "google": ("AIza" + "Sy0-" * 9, "AIzaSy"),
    "anthropic": ("sk-ant-" + "api03-" * 5, "sk-ant-api"),
    "a sign of no width within": (f"see {OURS[:6]}\u200b{OURS[6:]}", OURS[6:]),
}
ORDINARY = (
    "fetch web v1.4.0",
    "commit 9f3c2a17d4e5b6a8c9d0e1f2a3b4c5d6e7f80912",
    "image sha256:1b2c1b2c1b2c1b2c1b2c1b2c1b2c1b2c",
    "token: refreshed",
    "the secret of web was not changed",
    "git clone https://github.com/harbor/web",
    "password reset mails: 3 sent",
    "12 passed, 0 failed in 3.4 s",
    "-----BEGIN CERTIFICATE-----",
)


@pytest.mark.parametrize("leak", LEAKS)
async def test_a_command_cannot_print_a_secret_to_the_thread(leak: str):
    text, secret = LEAKS[leak]
    command = Command((sys.executable, "-c", f"print('before'); print({text!r}); print('after')"))

    async with aclosing(LocalCommand(redact=REDACT).run(command, {})) as items:
        lines = [item.text async for item in items if isinstance(item, Line)]

    assert (lines[0], lines[-1]) == ("before", "after")
    assert secret not in "\n".join(lines)
    assert HIDDEN in "\n".join(lines)
    assert "q83vASM" not in "\n".join(lines)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_shown_as_it_is(text: str):
    assert Lines(redact=REDACT).feed(text.encode() + b"\n") == [text]


@pytest.mark.parametrize("leak", LEAKS)
def test_a_secret_in_pieces_is_one_too(leak: str):
    text, secret = LEAKS[leak]
    lines = Lines(redact=REDACT)
    shown = [line for byte in text.encode() for line in lines.feed(bytes([byte]))] + lines.finish()

    assert secret not in "\n".join(shown)


def test_a_secret_is_hidden_before_its_line_is_cut_and_through_colours():
    at_the_end = f"{'x' * (LINE_MAX - 10)} {OURS}"
    coloured = "our-own-\x1b[31mhook\x1b[0m-secret"
    too_long = "\x1b[0m" * 998 + f"begin {OURS}"
    shown = Lines(redact=REDACT).feed("\n".join((at_the_end, coloured, too_long, "")).encode())

    assert not [line for line in shown if "our-own" in line]


class _Says:
    """A carrier that says this, one way or another."""

    def __init__(self, how: Any) -> None:
        self.how = how

    async def start(self, *_: Any) -> Any:
        raise self.how

    async def look(self, *_: Any) -> Any:
        if isinstance(self.how, Exception):
            raise self.how
        return self.how


def carrier_that(how: Any) -> AnyCarrier:
    session: Any = None
    carrier = AnyCarrier(session, redact=REDACT)
    carrier._carriers[GitHubWorkflow] = _Says(how)
    return carrier


async def test_what_is_carried_out_elsewhere_says_no_secret_either():
    said = Report(RunState.FAILED, note=f"it is {OURS}", lines=("begin", *KEY.split("\n"), "end"))
    report = await carrier_that(said).look(GitHubWorkflow("deploy.yml"), order())

    assert report is not None
    assert (report.note, report.lines[0], report.lines[-1]) == (f"it is {HIDDEN}", "begin", "end")
    assert "MIIEow" not in "\n".join(report.lines)


@pytest.mark.parametrize("kind", [NotTaken, Unsure, HostUnreachable])
async def test_errors_of_targets_hold_no_secret(kind: type[Exception]):
    with pytest.raises(kind) as raised:
        await carrier_that(kind(f"it answered {OURS}")).start(GitHubWorkflow("deploy.yml"), order())

    assert str(raised.value) == f"it answered {HIDDEN}"
    assert raised.value.__context__ is None


async def test_what_a_deployer_reports_is_kept_without_secrets():
    facts = {"note": f"it is {OURS}", "log": f"begin\n{KEY}\nend", "service": "web"}
    told = DeploymentReported("deploys", "", "D-1/1", "", RunState.FAILED, "", "", "", NOON, facts=facts)
    taken: list[DeploymentReported] = []

    class Source:
        def parse(self, _: Delivery) -> list[DeploymentReported]:
            return [told]

    async def take(_: Any, event: DeploymentReported) -> None:
        taken.append(event)

    sources: Mapping[str, Any] = {"deploys": Source()}
    delivery: Any = type("Delivered", (), {"source": "deploys"})()
    nothing: Any = None
    await Deliveries(sources, {DeploymentReported: [take]}, REDACT).settle(nothing, delivery)

    assert taken[0].facts["note"] == f"it is {HIDDEN}"
    assert "MIIEow" not in taken[0].facts["log"]
    assert taken[0].facts["service"] == "web"


@pytest.mark.parametrize(
    "text",
    [
        "eyJ-" * 25_000,
        "password" * 12_000,
        "-----BEGIN PRIVATE KEY-----" * 4_000,
        "authorization:" * 7_000,
        "a.b-" * 25_000,
    ],
)
def test_redaction_takes_steps_in_proportion_to_the_text(text: str):
    """Twice the text takes about twice as long, and not four times: the ratio is taken in one process."""

    def took(text: str) -> float:
        began = time.process_time()
        REDACT(text)
        return time.process_time() - began

    took(text[:1000])
    half, whole = min(took(text[: len(text) // 4]) for _ in range(3)), min(took(text) for _ in range(3))

    assert whole < half * 12 + 0.05
