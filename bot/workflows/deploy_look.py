"""What is looked up before a deployment is asked for: which commit a version is, and what it would bring."""

import asyncio
from dataclasses import dataclass, replace

from bot.domain.changes import change_ids_in
from bot.domain.deployments import Slot, slot_id
from bot.domain.ports import Commit, HostUnreachable, RangeTooLong, RefUnknown, Tools
from bot.domain.refusals import Refusal, Unknown
from bot.domain.ships import Ships, Version
from bot.domain.team import Repository
from bot.domain.versions import is_nameable

# Slack waits 3 s in all; a card without a count beats a command that times out.
COMMITS_WITHIN_SECONDS = 1.2
RESOLVE_WITHIN_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class Found:
    """What a version turned out to be; without a repository nothing is known of it."""

    sha: str | None = None
    ships: Ships | None = None


async def look(tools: Tools, service: str, version: str, environment: str) -> Found:
    """The commit behind a version, and the commits that it brings to this environment.

    Raises ``Unknown`` where the repository has no such ref, and ``Refusal`` where it cannot be asked: a card that
    does not say what ships must not be approved.
    """
    repository = tools.team.services[service].repository
    if not (repository.git or repository.github) or not is_nameable(version):
        return Found()
    try:
        async with asyncio.timeout(RESOLVE_WITHIN_SECONDS):
            sha = await tools.host.resolve(repository, version)
    except RefUnknown as unknown:
        raise Unknown(f"version of {service}", version, unknown.nearest, field="version") from unknown
    except (HostUnreachable, TimeoutError) as reason:
        why = str(reason) or "it did not answer in time"
        raise Refusal(
            f"I cannot look up {service} {version}: {why}. Nothing was asked for. Try again in a minute; "
            "if it stays so, an admin finds the code host under “repository” in the team file."
        ) from reason
    async with tools.unit() as work:
        slot = await work.get(Slot, slot_id(service, environment))
    ships = await _ships(tools, repository, slot.live if slot else None, version, sha)
    return Found(sha, ships)


async def _ships(
    tools: Tools, repository: Repository, live: Version | None, version: str, sha: str
) -> Ships | None:
    """What comes with ``sha``, or what it takes back; without a count where that cannot be told (in time)."""
    since, since_sha = (live.name, live.sha) if live else ("", None)
    if since_sha == sha:
        return Ships(0, since=since)
    try:
        async with asyncio.timeout(COMMITS_WITHIN_SECONDS):
            if live is None:
                since = since_sha = await _tag_before(tools, repository, version)
            if not since_sha:
                return Ships(None, since=since)
            brought = await tools.host.commits(repository, since_sha, sha)
            taken = [] if brought else await tools.host.commits(repository, sha, since_sha)
    except (HostUnreachable, RangeTooLong, RefUnknown, TimeoutError):
        return Ships(None, since=live.name if live else "")
    every = brought or taken
    ships = Ships.of(every, _named(every), since=since, goes_back=not brought and bool(taken))
    return replace(ships, since_is_live=live is not None)


async def _tag_before(tools: Tools, repository: Repository, version: str) -> str:
    """The tag before this version; the newest one where the version is no tag."""
    tags = await tools.host.tags(repository)
    older = tags[tags.index(version) + 1 :] if version in tags else tags
    return older[0] if older else ""


def _named(commits: list[Commit]) -> tuple[str, ...]:
    return change_ids_in("\n".join(f"{one.subject}\n{one.body}" for one in commits))
