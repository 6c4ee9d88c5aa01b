"""No vulnerability is known, one is, and nobody could be asked: three answers that never look like each other."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from supply_chain.check_deps import CLEAN, UNCHECKED, VULNERABLE, checked, judged
from supply_chain.locked import pinned

HASH = "0" * 64
LOCK = f"""
jinja2==2.4.1 \\
    --hash=sha256:{HASH}
    # via eightbells
colorama==0.4.6 ; sys_platform == 'nowhere' \\
    --hash=sha256:{HASH}
markupsafe==2.0.0 \\
    --hash=sha256:{HASH}
"""
HOLE = {
    "id": "GHSA-0000-0000-0000",
    "aliases": ["CVE-2000-0001"],
    "summary": "A hole",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.4.2"}]}],
        }
    ],
}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / "some.lock").write_text(LOCK)
    return tmp_path / "some.lock"


@contextmanager
def osv(answer: Callable[[str], Any]) -> Iterator[tuple[str, ...]]:
    """The options by which pip-audit itself asks a stand-in for osv.dev; None is a 503."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = answer(asked["package"]["name"])
            body = json.dumps(told or {}).encode()
            self.send_response(503 if told is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "-s", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_where_everything_was_asked_about_and_nothing_is_known_it_says_so(lock: Path) -> None:
    with osv(lambda _: {"vulns": []}) as options:
        verdict = checked(lock, options)

    assert verdict.status == CLEAN
    assert verdict.lines == ("All 2 packages were checked: no known vulnerability.",)


def test_a_vulnerable_version_is_named_with_the_one_that_is_not(lock: Path) -> None:
    with osv(lambda name: {"vulns": [HOLE]} if name == "jinja2" else {}) as options:
        verdict = checked(lock, options)

    assert verdict.status == VULNERABLE
    assert verdict.lines == ("VULNERABLE: jinja2 2.4.1: CVE-2000-0001, GHSA-0000-0000-0000; fixed in 2.4.2",)


@pytest.mark.parametrize("options", [None, ("-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")])
def test_where_nobody_answers_it_is_not_called_well(lock: Path, options: tuple[str, ...] | None) -> None:
    if options is None:
        with osv(lambda _: None) as unwell:
            verdict = checked(lock, unwell)
    else:
        verdict = checked(lock, options)

    assert verdict.status == UNCHECKED
    assert verdict.lines[0].startswith("NOT CHECKED: 2 of 2 packages")
    assert "no known" not in " ".join(verdict.lines)


def test_what_pip_audit_skips_and_calls_well_was_not_checked() -> None:
    """Its answer, and its status 0, where a mirror of PyPI tells nothing of vulnerabilities."""
    skipped = {
        "name": "jinja2",
        "skip_reason": "Dependency not found on PyPI and could not be audited: jinja2 (2.4.1)",
    }
    well = {"name": "markupsafe", "version": "2.0.0", "vulns": []}
    verdict = judged({"dependencies": [skipped, well], "fixes": []}, {"jinja2": "2.4.1", "markupsafe": "2.0.0"})

    assert verdict.status == UNCHECKED
    assert verdict.lines[0].startswith("NOT CHECKED: 1 of 2 packages, jinja2 first")
    assert "could not be audited" in verdict.lines[1]


def test_a_finding_counts_though_others_were_not_checked() -> None:
    found = {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "X-1", "fix_versions": [], "aliases": []}]}
    verdict = judged({"dependencies": [found]}, {"jinja2": "2.4.1", "markupsafe": "2.0.0"})

    assert verdict.status == VULNERABLE
    assert verdict.lines[0] == "VULNERABLE: jinja2 2.4.1: X-1; fixed in no version"
    assert verdict.lines[1].startswith("NOT CHECKED: 1 of 2 packages, markupsafe first")


def test_an_answer_about_another_version_is_none() -> None:
    other = {"name": "jinja2", "version": "3.1.6", "vulns": []}

    assert judged({"dependencies": [other]}, {"jinja2": "2.4.1"}).status == UNCHECKED


def test_everything_that_the_lock_pins_for_this_machine_is_asked_about(lock: Path) -> None:
    assert pinned(lock) == {"jinja2": "2.4.1", "markupsafe": "2.0.0"}
    assert len(pinned()) > 50
