"""Ids of what code hosts count: by repository and number, and by host where two hosts have the same path.

The path alone is an id on the usual host of a path (see ``Team.usual_host``), so that a team with one code host reads
``org/web#12``. What was kept under an id stays there, whatever the team file says later.
"""

from bot.core.code_hosts import PullRequestName, host_and_path
from bot.core.events import PipelineChanged, PullRequestChanged, PullRequestReviewed
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.core.team import Repository, Team
from bot.stages.build.model.run import Run
from bot.stages.code.model.pull_request import PullRequest


async def pull_request_of(work: Work, event: PullRequestChanged | PullRequestReviewed) -> str:
    """The id of the pull request that a placed event is about."""
    return await _id(work, PullRequest, event.host, f"{event.repository}#{event.number}", event.repository)


async def run_of(work: Work, event: PipelineChanged) -> str:
    """The id of the run that a placed event is about."""
    return await _id(work, Run, event.host, f"{event.repository}/{event.run}", event.repository)


async def pull_request_in(work: Work, repository: Repository, number: int) -> str:
    """The id of a pull request of a service's repository."""
    path = repository.remote or ""
    return await _id(work, PullRequest, repository.web, f"{path}#{number}", path)


async def pull_request_meant(work: Work, name: PullRequestName, field: str = "pr") -> str:
    """The id of the pull request that somebody named. Raises ``Refusal`` where that may be one of several."""
    meant = await pull_requests_meant(work, name)
    if len(meant) == 1:
        return meant[0]
    hosts = [f"{host}/{name.repository}#{name.number}" for host in _hosts(work, name.repository)]
    raise Refusal(
        f"{name.repository} is on more than one code host. Write “{'” or “'.join(hosts)}”, or paste the address.",
        field=field,
    )


async def pull_requests_meant(work: Work, name: PullRequestName) -> tuple[str, ...]:
    """The ids of all that the name may mean: one, but for a path alone that services have on several hosts."""
    hosts = (name.host,) if name.host else _hosts(work, name.repository) or (work.team.usual_host(name.repository),)
    bare = f"{name.repository}#{name.number}"
    return tuple([await _id(work, PullRequest, host, bare, name.repository) for host in hosts])


def services_of_pull_request(team: Team, id: str, known: PullRequest | None) -> tuple[str, ...]:
    """The services of the repository that a pull request is in, in the team file's order."""
    host, path = host_and_path(id.rpartition("#")[0], [one.web for one in team.repositories.values()])
    if known is not None:
        host, path = known.at_host, known.repository
    host = host or team.usual_host(path)
    return tuple(name for name, one in team.repositories.items() if one.is_named(path, host=host))


def _hosts(work: Work, path: str) -> tuple[str, ...]:
    """Every code host on which a service has this path."""
    return tuple(dict.fromkeys(one.web for one in work.team.repositories.values() if one.is_named(path)))


async def _id(work: Work, noun: type[PullRequest | Run], host: str, bare: str, path: str) -> str:
    """Its id: that of what is kept, if it is; else by the usual host."""
    if not host:
        return bare
    named = f"{host}/{bare}"
    known = await work.get(noun, bare)
    if known is not None and known.at_host:
        return bare if known.at_host == host else named
    if await work.get(noun, named) is not None:
        return named
    return bare if work.team.called(path, host) == path else named
