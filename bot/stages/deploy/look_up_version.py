"""What is looked up before a deployment is asked for or approved: which commit a version is, and what it brings."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.events import PipelineChanged
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal, Unknown
from bot.core.team import Service
from bot.core.versions import is_nameable, plain
from bot.stages.code.model.ports import CodeHost, Commit, HostUnreachable, RangeTooLong, RefAmbiguous, RefUnknown
from bot.stages.deploy import image as deploy_image
from bot.stages.deploy.model.changes_shipped import Ships, Version, is_migration
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.registry_port import ArtifactUnknown
from bot.stages.deploy.model.slot import Slot, slot_id
from bot.stages.plan.model.change import Change, change_ids_in
from bot.stages.plan.model.tickets import Tracker, tickets_in

# Slack waits 3 s in all; a card without a count beats a command that times out.
COMMITS_WITHIN_SECONDS = 0.9
RESOLVE_WITHIN_SECONDS = 1.4
PATIENCE_SECONDS = 60.0  # where nobody waits


@dataclass(frozen=True, slots=True)
class Found:
    """What a version turned out to be, and who is there; without a repository nothing is known of it.

    Attributes:
        checks: how the commit's pipelines stand, as far as the code host says.
        artifact: the digest of its image now, where the team file names one.
        trouble: why it could not be looked up again, where that was tried for a click.
        instead_of, artifact_instead_of: what the deployment was about then.
        version: its branch or tag, by the name that people use; "" where it is as it was typed.
        called: what whoever carries it out may be told as its version (see ``Deployment.called``).
    """

    sha: str | None = None
    ships: Ships | None = None
    people: Sequence[Person] = ()
    checks: tuple[PipelineChanged, ...] = ()
    artifact: str = ""
    trouble: str = ""
    instead_of: str | None = None
    artifact_instead_of: str = ""
    version: str = ""
    called: str = ""


async def look(tools: Tools, service: str, version: str, environment: str) -> Found:
    """The commit behind a version, the commits that it brings to this environment, its checks and its image.

    Raises ``Unknown`` where the repository has no such ref, and ``Refusal`` where it cannot be asked, or there is no
    image yet: a card that does not say what ships must not be approved.
    """
    people = await tools.directory.people()
    known = tools.team.services[service]
    if not is_nameable(version):
        return Found(people=people)
    sha, version = await _commit_of(tools, known, version) if known.repository.is_known else (None, plain(version))
    image = deploy_image.asked_for(tools, known, version, environment, sha)
    if sha is None:
        return Found(people=people, artifact=await image, version=version)
    shipping = what_ships(tools, known, environment, version, sha)
    ships, checks, digest = await asyncio.gather(shipping, checks_of(tools, known, sha), image)
    return Found(sha, ships, people, checks, digest, version=version)


async def look_again(tools: Tools, id: str) -> Found:
    """The same for a deployment that somebody is about to approve; what it brings only where its ref has moved."""
    async with tools.unit() as work:
        asked = await work.get(Deployment, id)
    known = tools.team.services.get(asked.service) if asked else None
    if asked is None or known is None or asked.state is not State.WAITING:
        return Found()
    sha, ships = asked.sha, None
    try:
        # A rollback is about what was live, wherever its name stands by now.
        if known.repository.is_known and sha is not None and sha != asked.version and not asked.rolls_back:
            sha = await resolved(tools, known, asked.version)
        artifact, checks = await asyncio.gather(
            _image_again(tools, known, asked, sha), checks_of(tools, known, sha)
        )
    except (RefUnknown, HostUnreachable, TimeoutError) as reason:
        return Found(trouble=trouble_with(asked.version, asked.sha or "", reason))
    except ArtifactUnknown as gone:
        return Found(trouble=f"{gone.name} is in its registry no more")
    if sha is not None and sha != asked.sha:
        ships = await what_ships(tools, known, asked.environment, asked.version, sha)
    return Found(
        sha,
        ships,
        await tools.directory.people(),
        checks,
        artifact,
        instead_of=asked.sha,
        artifact_instead_of=asked.artifact,
    )


async def with_known_changes(work: Work, ships: Ships | None) -> Ships | None:
    """A commit may name a change that there is not."""
    if ships is None:
        return None
    named = [change for change in ships.changes if await work.get(Change, change)]
    return replace(ships, changes=tuple(named))


async def _image_again(tools: Tools, service: Service, asked: Deployment, sha: str | None) -> str:
    # A rollback is about the image that was live; where that is not known, about the one of its name at the yes.
    is_known = asked.rolls_back and asked.artifact
    return asked.artifact if is_known else await deploy_image.seen_again(tools, service, asked, sha)


def trouble_with(version: str, sha: str, reason: Exception) -> str:
    """Why it cannot be told that the ref is still where it was."""
    match reason:
        case RefAmbiguous():
            return f"{version} means more than one commit by now"
        case RefUnknown():
            return f"{version} is there no more"
        case _:
            return f"I cannot see whether {version} is still {sha[:7]}: {_why(reason)}"


async def _commit_of(tools: Tools, service: Service, version: str) -> tuple[str, str]:
    """The commit that a person means, and its name as people use it. Raises ``Refusal``."""
    try:
        sha = await resolved(tools, service, version)
        return sha, await _plainly(tools, service, version, sha)
    except RefAmbiguous as several:
        raise Refusal(
            f"{version} means more than one commit of {service.name}. Say which: {' or '.join(several.nearest)}.",
            field="version",
        ) from several
    except RefUnknown as unknown:
        raise Unknown(f"version of {service.name}", version, unknown.nearest, field="version") from unknown
    except (HostUnreachable, TimeoutError) as reason:
        raise Refusal(
            f"I cannot look up {service.name} {version}: {_why(reason)}. Nothing was asked for. Try again in a minute; "
            "if it stays so, an admin finds the code host under “repository” in the team file."
        ) from reason


async def _plainly(tools: Tools, service: Service, version: str, sha: str) -> str:
    """Its short name, if that means the same: a name that is both a tag and a branch has to say which it is."""
    name = plain(version)
    if name == version:
        return version
    try:
        is_same = await resolved(tools, service, name) == sha
    except RefUnknown:
        is_same = False
    return name if is_same else version.removeprefix("refs/")


async def resolved(tools: Tools, service: Service, version: str, *, within: float = RESOLVE_WITHIN_SECONDS) -> str:
    """The commit of this name. Raises ``RefUnknown``, ``HostUnreachable``, ``TimeoutError``."""
    async with asyncio.timeout(within):
        return await tools.port(CodeHost).resolve(service.repository, version)


async def checks_of(tools: Tools, service: Service, sha: str | None) -> tuple[PipelineChanged, ...]:
    """As the code host says in time; else what its webhooks have told has to do."""
    if sha is None or service.repository.remote is None:
        return ()
    try:
        async with asyncio.timeout(COMMITS_WITHIN_SECONDS):
            return tuple(await tools.port(CodeHost).checks(service.repository, sha))
    except (HostUnreachable, TimeoutError):
        return ()


async def what_ships(tools: Tools, service: Service, environment: str, version: str, sha: str) -> Ships:
    """What this commit brings there, or takes back."""
    async with tools.unit() as work:
        slot = await work.get(Slot, slot_id(service.name, environment))
    return await _ships(tools, service, slot.live if slot else None, version, sha)


async def what_shipped(tools: Tools, service: Service, live: Version | None, version: str, sha: str) -> Ships:
    """The same of what is live already: nobody waits for it, so that it may take its time."""
    return await _ships(tools, service, live, version, sha, within=PATIENCE_SECONDS)


async def _ships(
    tools: Tools,
    service: Service,
    live: Version | None,
    version: str,
    sha: str,
    *,
    within: float = COMMITS_WITHIN_SECONDS,
) -> Ships:
    """What comes with ``sha``, or what it takes back; without a count where that cannot be told (in time)."""
    repository = service.repository
    since, since_sha = (live.name, live.sha) if live else ("", None)
    if since_sha == sha:
        return Ships(0, since=since)
    try:
        async with asyncio.timeout(within):
            if live is None:
                since = since_sha = await _tag_before(tools, service, version)
            if not since_sha:
                return Ships(None, since=since)
            brought, touched = await asyncio.gather(
                tools.port(CodeHost).commits(repository, since_sha, sha),
                _migrations(tools, service, since_sha, sha),
            )
            taken = [] if brought else await tools.port(CodeHost).commits(repository, sha, since_sha)
    except (HostUnreachable, RangeTooLong, RefUnknown, TimeoutError):
        return Ships(None, since=live.name if live else "")
    every = brought or taken
    goes_back = not brought and bool(taken)
    tickets = tickets_in(_words(every), tools.team.part(Tracker).keys)
    ships = Ships.of(every, _named(every), since=since, goes_back=goes_back, migrations=touched, tickets=tickets)
    return replace(ships, since_is_live=live is not None)


async def _migrations(tools: Tools, service: Service, since: str, until: str) -> list[str]:
    """Paths that differ and that the team file calls migrations of this service."""
    if not service.migrations:
        return []
    files = await tools.port(CodeHost).files(service.repository, since, until)
    return [path for path in files if is_migration(path, service.migrations)]


async def _tag_before(tools: Tools, service: Service, version: str) -> str:
    """The tag before this version; the newest one where the version is no tag."""
    tags = await tools.port(CodeHost).tags(service.repository)
    older = tags[tags.index(version) + 1 :] if version in tags else tags
    return older[0] if older else ""


def _why(reason: BaseException) -> str:
    return str(reason) or "it did not answer in time"


def _named(commits: list[Commit]) -> tuple[str, ...]:
    return change_ids_in("\n".join(_words(commits)))


def _words(commits: list[Commit]) -> Iterator[str]:
    return (f"{one.subject}\n{one.body}" for one in commits)
