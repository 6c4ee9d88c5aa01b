"""Reads a git repository on this machine with the git program."""

import asyncio
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core.events import PipelineChanged
from bot.core.team import Repository
from bot.core.versions import newest_first
from bot.stages.code.model.commits import pull_request_in
from bot.stages.code.model.ports import (
    Commit,
    HostUnreachable,
    MergedPull,
    RangeTooLong,
    RefAmbiguous,
    RefUnknown,
    Relation,
)
from bot.vendors.kit.nearest import nearest
from bot.vendors.kit.refs import FULL_SHA, together

LIMIT = timedelta(seconds=20)
COMMITS_MAX = 10_000
AMBIGUOUS_MAX = 20  # objects of one short SHA that are looked at
FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%s", "%b")

_SHORT_SHA = re.compile(r"[0-9a-f]{4,39}")

# What a repository's own configuration could make git run; none of it is needed to read commits. Whatever it fetches
# with (ssh, proxies, helpers for passwords) is cut off by GIT_ALLOW_PROTOCOL, as nothing is fetched.
_HARMLESS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "core.sshCommand=false",
    "credential.helper=",
    "gpg.program=false",
    "log.showSignature=false",
    "log.mailmap=true",
)
_NO_PROGRAMS = ("--no-ext-diff", "--no-textconv")
# How git says that it lacks an object which it would have fetched; the second is git's from 2.45 on.
_LACKS = ("promisor", "lazy fetching disabled", "not allowed")


class LocalGit:
    """A ``CodeHost`` for repositories in a directory.

    Args:
        limit: how long one git command may take.
        commits_max: how many commits a range may hold.
        redact: takes secrets out of git's own words, such as those of a remote's address.
    """

    def __init__(
        self,
        *,
        limit: timedelta = LIMIT,
        commits_max: int = COMMITS_MAX,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._redact = redact
        self._limit = limit
        self._commits_max = commits_max

    async def resolve(self, repository: Repository, ref: str) -> str:
        """See ``CodeHost.resolve``."""
        if _is_plain(ref):
            code, out, _ = await self._git(
                repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
            )
            if code == 0:
                await self._must_be_one(repository, ref)
                return out.strip()
            await self._must_be_long_enough(repository, ref)
        raise RefUnknown(ref, nearest(ref, [*await self.tags(repository), *await self._branches(repository)]))

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        """See ``CodeHost.commits``."""
        ends = [since, until] if since else [until]
        shas = await together(*(self.resolve(repository, ref) for ref in ends))
        out = await self._read(
            repository,
            "log",
            f"--max-count={self._commits_max + 1}",
            "-z",
            *_NO_PROGRAMS,
            f"--format=tformat:{'%x00'.join(FIELDS)}",
            "--end-of-options",
            "..".join(shas),
            "--",
        )
        parts = out.split("\0")
        told = [parts[at : at + len(FIELDS)] for at in range(0, len(parts) - 1, len(FIELDS))]
        if len(told) > self._commits_max:
            raise RangeTooLong(f"more than {self._commits_max} commits")
        if since:
            await self._must_reach_back(repository, told)
        return [_commit(fields) for fields in told]

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        """See ``CodeHost.files``."""
        first, last = await together(self.resolve(repository, since), self.resolve(repository, until))
        out = await self._read(
            repository, "diff-tree", "-r", "-z", *_NO_PROGRAMS, "--name-only", "--end-of-options", first, last
        )
        return [path for path in out.split("\0") if path]

    async def tags(self, repository: Repository) -> list[str]:
        """See ``CodeHost.tags``."""
        return newest_first(await self._names(repository, "refs/tags"))

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        """See ``CodeHost.checks``: git knows none."""
        return []

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        """See ``ReleaseHost.relation``."""
        is_shallow = await self._is_shallow(repository)
        if since is None:
            return Relation(is_shallow=is_shallow)
        first, last = await self.resolve(repository, since), await self.resolve(repository, until)
        code, _, _ = await self._git(repository, "merge-base", "--is-ancestor", "--end-of-options", first, last)
        # What lies before an ancestor does not count, so a clone that reaches back to it lacks nothing that matters.
        return Relation(code == 0, is_shallow and code != 0)

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        """See ``ReleaseHost.pull_requests``: git knows none."""
        return {}

    async def write_release(self, repository: Repository, tag: str, sha: str, title: str, body: str) -> str:
        """See ``ReleaseHost.write_release``: git has none."""
        raise HostUnreachable(
            "a repository on disk has no releases; name the one on GitHub or GitLab in the team file as well"
        )

    async def _must_reach_back(self, repository: Repository, told: Sequence[Sequence[str]]) -> None:
        """A range ends where its start's history begins. One that ends at a commit without parents has run into the
        end of a shallow clone instead, and may hold too many commits, or too few."""
        if all(parents for _, parents, *_ in told) or not await self._is_shallow(repository):
            return
        raise HostUnreachable("the clone is shallow and lacks older commits; run git fetch --unshallow in it")

    async def _is_shallow(self, repository: Repository) -> bool:
        _, shallow, _ = await self._git(repository, "rev-parse", "--is-shallow-repository")
        return shallow.strip() == "true"

    async def _must_be_one(self, repository: Repository, ref: str) -> None:
        """A name that is both a tag's and a branch's: git would take the tag and tell nobody."""
        if FULL_SHA.fullmatch(ref):
            return
        names = [f"refs/tags/{ref}", f"refs/heads/{ref}"]
        # In one go: whoever waits in Slack has three seconds, and every git takes its part of them.
        fields = "%(refname) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)"
        out = await self._read(repository, "for-each-ref", f"--format={fields}", "--", *names)
        lines = (line.rpartition(" ") for line in out.split("\n")[:-1])
        found = {commit for name, _, commit in lines if name in names}
        if len(found) > 1:
            raise RefAmbiguous(ref, [name.removeprefix("refs/") for name in names])

    async def _must_be_long_enough(self, repository: Repository, ref: str) -> None:
        """A beginning of several commits' SHAs."""
        if not _SHORT_SHA.fullmatch(ref):
            return
        _, out, _ = await self._git(repository, "rev-parse", f"--disambiguate={ref}")
        several = out.split()[:AMBIGUOUS_MAX]
        kinds = [(sha, await self._git(repository, "cat-file", "-t", sha)) for sha in several]
        commits = [sha[:12] for sha, (_, kind, _) in kinds if kind.strip() == "commit"]
        if len(commits) > 1:
            raise RefAmbiguous(ref, commits)

    async def _branches(self, repository: Repository) -> list[str]:
        return await self._names(repository, "refs/heads")

    async def _names(self, repository: Repository, under: str) -> list[str]:
        out = await self._read(repository, "for-each-ref", "--format=%(refname:strip=2)", "--", under)
        return out.split("\n")[:-1]

    async def _read(self, repository: Repository, *arguments: str) -> str:
        code, out, error = await self._git(repository, *arguments)
        if code != 0:
            if any(words in error for words in _LACKS):
                raise HostUnreachable(
                    "the clone is partial and lacks what this needs; run git fetch --refetch in it"
                )
            # Before it is cut, as half of a secret is recognised by nobody.
            raise HostUnreachable(f"git says: {self._redact(error).strip().split(chr(10))[-1][:200]}")
        return out

    async def _git(self, repository: Repository, *arguments: str) -> tuple[int, str, str]:
        path = _directory(repository)
        # The team file names this directory, which is what git's owner check wants to know.
        settings = (*_HARMLESS, f"safe.directory={path}")
        options = [part for setting in settings for part in ("-c", setting)]
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                "--no-pager",
                *options,
                "-C",
                str(path),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(path),
            )
        except OSError as error:
            raise HostUnreachable(f"git does not start: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                out, error = await process.communicate()
        except TimeoutError as late:
            raise HostUnreachable(f"git took longer than {self._limit.total_seconds():g} s") from late
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        code = process.returncode or 0
        if code == 128 and not _is_repository(path):
            raise HostUnreachable(f"there is no git repository at {repository.git}")
        return code, out.decode(errors="replace"), error.decode(errors="replace")


def _directory(repository: Repository) -> Path:
    return Path(repository.git or "").expanduser().resolve()


def _is_repository(path: Path) -> bool:
    return (path / ".git").exists() or (path / "HEAD").exists()


def _environment(path: Path) -> dict[str, str]:
    """Nobody's configuration, no prompts, and none of our own secrets."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        # Nothing is fetched, over no protocol: a partial clone would ask whom its configuration names, by a program
        # that it names too. git-scm.com/docs/git#Documentation/git.txt-GITALLOWPROTOCOL; the second is from 2.45 on.
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CEILING_DIRECTORIES": str(path.parent),
    }


def _is_plain(ref: str) -> bool:
    """Whether it names one ref: no option, no range, no search, nothing that git would take for a path."""
    forbidden = set(" \t\n\r\0:?*[\\^{}")
    return bool(ref) and not ref.startswith("-") and ".." not in ref and not forbidden & set(ref)


def _commit(fields: Sequence[str]) -> Commit:
    sha, _, author, email, seconds, subject, body = fields
    return Commit(
        sha.strip(),
        subject,
        body.strip(),
        author,
        email,
        datetime.fromtimestamp(int(seconds), UTC),
        pull_request_in(subject, body),
    )
