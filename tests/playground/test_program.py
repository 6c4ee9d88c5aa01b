"""The program: prints where it is, stops when told, takes nothing real, and shares nothing with the bot."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bot.playground.__main__ import main
from bot.playground.coverage import MARKS, markdown, table
from bot.playground.methods import METHODS

ROOT = Path(__file__).parents[2]


def test_it_prints_its_address_serves_the_page_and_stops_on_sigterm():
    command = [sys.executable, "-m", "bot.playground", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        line = program.stdout.readline()
        url = re.fullmatch(r"Playground: (http://127\.0\.0\.1:\d+)\n", line)[1]
        with urllib.request.urlopen(url) as response:  # noqa: S310 - the address was matched above
            assert response.status == 200
        stream = urllib.request.urlopen(f"{url}/_play/stream")  # noqa: S310 - an open page must not hold it up
        assert stream.readline() == b": welcome\n"
        program.send_signal(signal.SIGTERM)
        out, errors = program.communicate(timeout=10)
        stream.close()

    assert (program.returncode, out, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"PLAYGROUND_BOT_TOKEN": "xoxb-1-2-abc"}, "xoxb-playground-"),
        ({"PLAYGROUND_HOOK_SECRETS": "x"}, "JSON object"),
        ({"PLAYGROUND_CLOCK_HOOK": "https://example.com"}, "this machine"),
    ],
)
def test_it_does_not_start_with_anything_real(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str], told: str
):
    for name, value in variables.items():
        monkeypatch.setitem(os.environ, name, value)

    assert main(["--port", "0"]) == 2
    assert told in capsys.readouterr().err


def test_a_seed_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--port", "0", "--seed", str(tmp_path / "missing.json")]) == 2
    assert "missing.json" in capsys.readouterr().err


def test_the_documented_table_is_what_the_program_supports(capsys: pytest.CaptureFixture[str]):
    page = (ROOT / "docs" / "playground.md").read_text(encoding="utf-8")
    start, end = page.index(MARKS[0]), page.index(MARKS[1]) + len(MARKS[1])

    assert main(["--coverage"]) == 0
    assert page[start:end] == markdown() == capsys.readouterr().out.strip()
    assert {entry["name"] for entry in table()["methods"]} == set(METHODS)
