"""A clone's own configuration can name programs; whoever wrote it must not have us run one by reading commits."""

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bot.core.team import Repository
from bot.stages.code.model.ports import HostUnreachable, RefUnknown
from bot.vendors.local.git import LocalGit
from tests.vendors.code_hosts.repositories import git, make_repository


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "web")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that leaves a mark wherever it is run."""
    script = tmp_path / "program"
    script.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/ran\ncat >/dev/null 2>&1 </dev/null\nexit 1\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


@pytest.fixture
def wants_a_login() -> Iterator[str]:
    """A web server that answers 401, so that git looks for a password."""

    class Login(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="web"')
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Login)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/web.git"
    server.shutdown()
    server.server_close()


def ran(tmp_path: Path) -> bool:
    """Whether the program has run since this was last asked."""
    mark = tmp_path / "ran"
    was = mark.exists()
    mark.unlink(missing_ok=True)
    return was


def plain(clone: Path, *arguments: str, **more: str) -> None:
    """Git as anybody would call it there, who believes what the clone says."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(clone),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **more,
    }
    subprocess.run(
        ["git", "-C", str(clone), *arguments], env=environment, capture_output=True, check=False, timeout=60
    )


async def read_everything(clone: Path) -> None:
    """Every question that we ever ask of a clone; what it lacks is an answer too."""
    repository, host = Repository(git=str(clone)), LocalGit()
    for ask in (
        lambda: host.resolve(repository, "main"),
        lambda: host.resolve(repository, "1" * 40),
        lambda: host.resolve(repository, "abcd123"),
        lambda: host.commits(repository, None, "main"),
        lambda: host.commits(repository, "v1.3.9", "main"),
        lambda: host.files(repository, "v1.3.9", "main"),
        lambda: host.tags(repository),
        lambda: host.relation(repository, "v1.3.9", "main"),
    ):
        with suppress(HostUnreachable, RefUnknown):
            await ask()


def lacks_a_commit(clone: Path, url: str, **config: str) -> None:
    """Make it a partial clone of somebody at this address: what it lacks, git fetches from there by itself."""
    sha = git(clone, "rev-parse", "main~2")
    git(clone, "config", "core.repositoryFormatVersion", "1")
    git(clone, "config", "extensions.partialClone", "origin")
    git(clone, "config", "remote.origin.promisor", "true")
    git(clone, "config", "remote.origin.url", url)
    for name, value in config.items():
        git(clone, "config", name.replace("__", "."), value)
    (clone / ".git/objects" / sha[:2] / sha[2:]).unlink()


LAZY = {
    "ext": ("ext::{program}", {"protocol__ext__allow": "always"}),
    "upload-pack": ("file://{clone}", {"remote__origin__uploadpack": "{program}"}),
    "ssh": ("ssh://nobody@localhost/web", {"core__sshCommand": "{program}"}),
    "git proxy": ("git://localhost/web", {"core__gitProxy": "{program}"}),
    "credentials": ("{http}", {"credential__helper": "!{program}"}),
    "askpass": ("{http}", {"core__askPass": "{program}"}),
}


@pytest.mark.parametrize("vector", LAZY)
async def test_what_a_partial_clone_lacks_is_not_fetched_by_its_program(
    clone: Path, program: Path, wants_a_login: str, tmp_path: Path, vector: str
):
    url, config = LAZY[vector]
    given = {"program": program, "clone": clone, "http": wants_a_login}
    lacks_a_commit(clone, url.format(**given), **{name: value.format(**given) for name, value in config.items()})

    plain(clone, "log", "main")
    assert ran(tmp_path), "its program has to run where nobody stops it, or this shows nothing"
    await read_everything(clone)

    assert not ran(tmp_path)


async def test_the_checker_of_signatures_is_not_run(clone: Path, program: Path, tmp_path: Path):
    commit = git(clone, "cat-file", "commit", "main").split("\n\n", 1)
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----"
    signed = tmp_path / "signed"
    signed.write_text(f"{commit[0]}\n{signature}\n\n{commit[1]}\n")
    git(clone, "update-ref", "refs/heads/main", git(clone, "hash-object", "-t", "commit", "-w", str(signed)))
    git(clone, "config", "log.showSignature", "true")
    git(clone, "config", "gpg.program", str(program))

    plain(clone, "log", "main")
    assert ran(tmp_path), "its program has to run where nobody stops it, or this shows nothing"
    await read_everything(clone)

    assert not ran(tmp_path)


async def test_programs_that_show_differences_are_not_run(clone: Path, program: Path, tmp_path: Path):
    (clone / ".git/info").mkdir(exist_ok=True)
    (clone / ".git/info/attributes").write_text("* diff=shown filter=shown\n")
    for name in (
        "diff.external",
        "diff.shown.command",
        "diff.shown.textconv",
        "filter.shown.clean",
        "core.fsmonitor",
    ):
        git(clone, "config", name, str(program))

    plain(clone, "diff-tree", "-p", "--ext-diff", "v1.3.9", "main")
    plain(clone, "status")
    assert ran(tmp_path), "its program has to run where nobody stops it, or this shows nothing"
    await read_everything(clone)

    assert not ran(tmp_path)


async def test_what_our_environment_says_to_git_is_not_passed_on(
    clone: Path, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = make_repository(tmp_path / "other")
    git(other, "commit", "-q", "--allow-empty", "-m", "feat: not ours")
    lacks_a_commit(clone, f"ext::{program}")
    hostile = {
        "GIT_DIR": str(other / ".git"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "protocol.ext.allow",
        "GIT_CONFIG_VALUE_0": "always",
        "GIT_ALLOW_PROTOCOL": "ext",
        "GIT_EXTERNAL_DIFF": str(program),
        "GIT_SSH_COMMAND": str(program),
    }
    plain(clone, "log", "main", **{name: value for name, value in hostile.items() if name != "GIT_DIR"})
    assert ran(tmp_path), "its program has to run where nobody stops it, or this shows nothing"
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    await read_everything(clone)
    found = await LocalGit().resolve(Repository(git=str(clone)), "main")
    for name in hostile:
        monkeypatch.delenv(name)

    assert not ran(tmp_path)
    assert found == git(clone, "rev-parse", "main")


async def test_a_clone_without_blobs_is_read_as_ever_and_one_that_lacks_more_says_so(clone: Path, tmp_path: Path):
    git(clone, "config", "uploadpack.allowFilter", "true")
    for kind in ("blob:none", "tree:0"):
        where = tmp_path / kind.replace(":", "-")
        git(tmp_path, "clone", "-q", "--no-checkout", f"--filter={kind}", f"file://{clone}", str(where))
    without_blobs = Repository(git=str(tmp_path / "blob-none"))
    whole = Repository(git=str(clone))

    assert await LocalGit().commits(without_blobs, None, "main") == await LocalGit().commits(whole, None, "main")
    assert await LocalGit().files(without_blobs, "v1.3.9", "main") == await LocalGit().files(
        whole, "v1.3.9", "main"
    )
    without_trees = Repository(git=str(tmp_path / "tree-0"))
    with pytest.raises(HostUnreachable, match="the clone is partial and lacks what this needs"):
        await LocalGit().files(without_trees, "v1.3.9", "main")
