"""Deployers that we asked over HTTP, and that tell by themselves how it goes.

The target is ``bot.core.deploy_targets.HttpCall``.

What is signed is the body alone, without an instant: the same bytes are the same delivery and are stored once, a run
whose deployment has ended takes no more of them, and a deployer in a shell script signs in one line.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.core.events import DeploymentReported, Event, RunState
from bot.core.text_limits import TEXT_MAX, first_line
from bot.vendors.kit.alerts import Instant, Words, known
from bot.vendors.kit.output import Lines
from bot.vendors.kit.times import happened
from bot.vendors.kit.webhooks import Delivery, Model, Source, by_body, hmac_sha256, read

LOG_LINES = 20  # as many as of a command that runs here
SIGNATURE = "X-Eightbells-Signature"

_STATES = {
    "queued": RunState.QUEUED,
    "running": RunState.RUNNING,
    "succeeded": RunState.PASSED,
    "failed": RunState.FAILED,
    "timed_out": RunState.FAILED,
    "cancelled": RunState.CANCELLED,
}


def _text(value: object) -> object:
    """A list of lines is the text that they make."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return "" if value is None else value


class _Report(Model):
    deployment: str = Field(min_length=1, max_length=200)
    state: Literal["queued", "running", "succeeded", "failed", "timed_out", "cancelled"]
    note: Words = ""
    log: Annotated[str, BeforeValidator(_text)] = ""
    url: Words = ""
    at: Instant = None


def parse(delivery: Delivery) -> list[Event]:
    """Where the run is that ``deployment`` names: ``D-12/1``, as it was told when we asked for it."""
    report = read(_Report, delivery.body)
    return [
        DeploymentReported(
            source=delivery.source,
            repository="",
            deployment=report.deployment,
            environment="",
            state=_STATES[report.state],
            sha="",
            ref="",
            actor="",
            at=happened(report.at, delivery),
            url=report.url,
            facts=known(
                note=first_line(report.note, TEXT_MAX),
                log=_tail(report.log),
                timed_out="yes" if report.state == "timed_out" else "",
            ),
        )
    ]


def _tail(log: str) -> str:
    """Its last lines, without colours and as long as a person can read."""
    lines = Lines()
    cleaned = [*lines.feed(log.rstrip().encode("utf-8", "replace")), *lines.finish()]
    return "\n".join(cleaned[-LOG_LINES:])


source = Source(
    name="deploys",
    title="Deployers asked over HTTP",
    how_to='Post `{"deployment": "<as it was given>", "state": "queued, running, succeeded, failed, timed_out or '
    'cancelled", "note": "<why, in a line>", "log": ["<its last lines>"], "url": "https://…"}` (all but the first two '
    f"may be left out) with the header `{SIGNATURE}: sha256=<HMAC-SHA256 of the body by the secret, in hexadecimal>`.",
    verify=hmac_sha256(SIGNATURE.lower(), "sha256="),
    identify=by_body,
    parse=parse,
    body_max=1 * 1024 * 1024,  # what one deployment reports
)
