"""Reads from the code host what a release brings, or says in a sentence why it cannot be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.team import Repository
from bot.stages.code.model.ports import (
    CodeHost,
    Commit,
    HostUnreachable,
    MergedPull,
    RangeTooLong,
    RefAmbiguous,
    RefUnknown,
)

SHALLOW = "The clone is shallow, so older commits are missing from it. “git fetch --unshallow” in it brings them."


class CannotTell(Exception):
    """There is nothing to draft from; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Read:
    """What the code host told. ``caveats`` are sentences about what cannot be relied on."""

    since: str
    until: str
    sha: str
    commits: Sequence[Commit]
    pulls: Mapping[int, MergedPull]
    caveats: tuple[str, ...] = ()


async def read(host: CodeHost, repository: Repository, service: str, since: str, until: str) -> Read:
    """The commits between two refs, and their pull requests. Raises ``CannotTell``, ``HostUnreachable``."""
    try:
        since, until = await bounds(host, repository, since, until)
        sha = await host.resolve(repository, until)
        first = await host.resolve(repository, since) if since else None
        caveats = await _caveats(host, repository, (since, first), (until, sha))
        commits = await host.commits(repository, first, sha)
    except RefAmbiguous as ambiguous:
        raise CannotTell(
            f"“{ambiguous.ref}” means several things in {service}. Name one of them: {_some(ambiguous.nearest)}."
        ) from ambiguous
    except RefUnknown as unknown:
        nearest = f" Did you mean {_some(unknown.nearest)}?" if unknown.nearest else ""
        hint = f" {SHALLOW}" if await _is_shallow(host, repository) else ""
        raise CannotTell(f"{service} has no tag, branch or commit “{unknown.ref}”.{nearest}{hint}") from unknown
    except RangeTooLong as long:
        raise CannotTell(
            "There are too many commits between the two to be read. Name a later start with “from”."
        ) from long
    if not commits:
        raise CannotTell(
            f"{until} brings nothing that {since or 'the beginning'} does not have. "
            "Name another range with “from” and “to”."
        )
    pulls, more = await _pulls(host, repository, commits)
    return Read(since, until, sha, commits, pulls, (*caveats, *more))


async def bounds(host: CodeHost, repository: Repository, since: str, until: str) -> tuple[str, str]:
    """The refs to draft between: as given, else from the tag before to the newest tag (HEAD where there is none).

    ``since`` comes back empty where everything counts.
    """
    if since and until:
        return since, until
    tags = await host.tags(repository)
    if not until:
        until = tags[0] if tags and since != tags[0] else "HEAD"
    if not since:
        # Of a tag, what came before it; of a branch or a commit, the newest tag.
        older = tags[tags.index(until) + 1 :] if until in tags else tags
        since = older[0] if older else ""
    return since, until


async def _caveats(
    host: CodeHost, repository: Repository, since: tuple[str, str | None], until: tuple[str, str]
) -> tuple[str, ...]:
    """What is not as it should be between two refs, each with its commit. Raises ``CannotTell``."""
    relation = await host.relation(repository, since[1], until[1])
    if relation.is_ancestor:
        return (SHALLOW,) if relation.is_shallow else ()
    if relation.is_shallow:
        raise CannotTell(f"What lies between {since[0]} and {until[0]} cannot be told. {SHALLOW}")
    return (
        f"{since[0]} is not part of the history of {until[0]}: a branch was rewritten, or they are on different "
        f"lines. These are the commits that only {until[0]} has.",
    )


async def _is_shallow(host: CodeHost, repository: Repository) -> bool:
    try:
        return (await host.relation(repository, None, "HEAD")).is_shallow
    except (RefUnknown, HostUnreachable):
        return False


async def _pulls(
    host: CodeHost, repository: Repository, commits: Sequence[Commit]
) -> tuple[Mapping[int, MergedPull], tuple[str, ...]]:
    """Titles and labels make notes better; without them there are notes all the same."""
    numbers = {commit.pull_request for commit in commits if commit.pull_request}
    if not numbers:
        return {}, ()
    try:
        return await host.pull_requests(repository, numbers), ()
    except HostUnreachable as reason:
        return {}, (f"Titles and labels of pull requests could not be read: {reason}.",)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5])
