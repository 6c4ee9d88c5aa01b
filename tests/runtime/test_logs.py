"""Logs are lines of JSON with a reference, whoever writes them, and no secret ever gets into one."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.runtime.logs import configure, correlated
from bot.runtime.redaction import HIDDEN, Redaction


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """What was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_reference_and_time() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    with correlated(door="slash") as outer, correlated() as inner:
        structlog.get_logger("x").info("called", verb="deploy")

    (line,) = lines(stream)
    assert inner == outer
    assert (line["event"], line["verb"], line["door"], line["reference"]) == ("called", "deploy", "slash", outer)
    assert str(line["timestamp"]).endswith("Z")


def test_libraries_are_heard_from_warning_on_and_carry_the_reference() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    with correlated("4f2a"):
        logging.getLogger("slack_bolt").info("chatter")
        logging.getLogger("slack_bolt").warning("token xoxb-1-2-abc refused")

    (line,) = lines(stream)
    assert (line["logger"], line["reference"], line["event"]) == ("slack_bolt", "4f2a", f"token {HIDDEN} refused")


@pytest.mark.parametrize("human", [True, False])
def test_a_traceback_is_there_and_holds_no_secret(human: bool) -> None:
    stream = io.StringIO()
    configure(secrets=["correct-horse-battery"], stream=stream, human=human)
    local = "correct-horse-" + "battery"
    try:
        raise RuntimeError(f"cannot use {local}")
    except RuntimeError:
        structlog.get_logger("x").exception("broke")

    said = stream.getvalue()
    assert "Traceback" in said
    assert f"cannot use {HIDDEN}" in said
    assert local not in said


@pytest.mark.parametrize(
    "leak",
    [
        "xoxb-12-34-AbC",
        "xoxe.xoxp-1-Mi0yLTEyMzQ1",
        "xapp-1-A0-1-abc",
        "https://hooks.slack.com/commands/T0/1/abc",
        "1234567890.987654321.0123456789abcdef0123456789abcdef",
        "Bearer abc.def-ghi",
        "Basic dXNlcjpwYXNz",
        "postgresql://bot:hunter22@db/eightbells",
        "ghp_0123456789abcdefghij01",
    ],
)
def test_what_looks_like_a_secret_is_hidden_even_where_nobody_knows_it(leak: str) -> None:
    said = Redaction().text(f"before {leak} after")
    assert said.startswith("before ")
    assert said.rstrip().endswith("after")
    assert HIDDEN in said
    assert not any(
        part in said for part in ("12-34", "Mi0y", "A0-1", "T0/1", "abc", "dXNl", "hunter22", "0123456789")
    )


def test_what_stands_under_a_telling_key_is_hidden() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    structlog.get_logger("x").info(
        "got", headers={"Authorization": "x y z"}, deep=[{"response_url": "plain"}], to="#a"
    )
    (line,) = lines(stream)
    assert line["headers"] == {"Authorization": HIDDEN}
    assert line["deep"] == [{"response_url": HIDDEN}]
    assert line["to"] == "#a"


@settings(max_examples=80, deadline=None)
@given(
    secret=st.text(
        st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cs", "Cc"]), min_size=8
    ),
    where=st.sampled_from(["event", "value", "key", "deep", "exception", "stdlib"]),
    human=st.booleans(),
)
def test_no_known_secret_leaves_whatever_way_it_takes(secret: str, where: str, human: bool) -> None:
    stream = io.StringIO()
    configure(secrets=[secret], stream=stream, human=human)
    log = structlog.get_logger("x")
    try:
        raise ValueError(secret if where == "exception" else "nothing")
    except ValueError:
        match where:
            case "event":
                log.info(f"said {secret} aloud")
            case "value":
                log.info("said", what=f"<{secret}>")
            case "key":
                log.info("said", **{"k": {secret: 1}})
            case "deep":
                log.info("said", what=[{"a": (secret, {"b": secret})}])
            case "exception":
                log.exception("said")
            case _:
                logging.getLogger("y").warning("said %s", {"what": secret})
    assert secret not in stream.getvalue()
    assert stream.getvalue()
