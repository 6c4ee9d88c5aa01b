"""What ``eightbells check`` finds of how services are deployed: programs and tokens that are missing."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.config import Settings
from bot.core.deploy_targets import Command, GitHubDeployment, GitHubWorkflow, GitLabPipeline, HttpCall
from bot.core.events import CheckKind
from bot.core.host_tokens import GITHUB_HOST, GITLAB_HOST, origin_of
from bot.core.run_references import GITHUB, GITLAB, HTTP
from bot.core.team import Service, Team
from bot.runtime.findings import Finding, fine, mistake, warning

HOSTS = {GITHUB: "GitHub", GITLAB: "GitLab"}


def deploy_findings(settings: Settings | None, team: Team) -> list[Finding]:
    """Of every service, and of what several of them need, where there are settings to look at."""
    services = team.services.values()
    found = [finding for service in services for finding in (*_code(service), *_command(service), *_bound(service))]
    found += _required(team)
    if settings is not None:
        found += _tokens(settings, services)
        found += _callers(settings, [one.name for one in services if isinstance(one.deploy, HttpCall)])
    wrong = any(one.todo for one in found)
    able = [service.name for service in services if service.deploy]
    return found if wrong or not able else [*found, fine(f"{', '.join(able)} can be deployed")]


def _code(service: Service) -> Iterator[Finding]:
    place = service.repository.git
    if place is not None and not Path(place).expanduser().exists():
        yield mistake(f"services.{service.name}.repository: there is no {place}", "Clone it there.")


def _command(service: Service) -> Iterator[Finding]:
    if not isinstance(service.deploy, Command):
        return
    program = service.deploy.arguments[0]
    folder = Path(service.deploy.directory or ".").expanduser()
    if not folder.is_dir():
        yield mistake(f"services.{service.name}.deploy.directory: there is no {folder}", "Create it.")
    elif shutil.which(program) is None and shutil.which(str(folder / program)) is None:
        yield mistake(
            f"services.{service.name}.deploy.run: {program} is no program that can be run here",
            f"Install it, or write its path; it is looked for on PATH and in {folder}.",
        )


def _bound(service: Service) -> Iterator[Finding]:
    """What is approved is a commit; a target that is not told it looks up by itself what to deploy."""
    how = service.deploy
    if isinstance(how, Command):
        told = how.arguments
    elif isinstance(how, GitHubWorkflow):
        # A ref that is what is deployed is compared with the commit; of one of its own, the inputs say what is.
        told = (*how.inputs.values(), how.ref.replace("{version}", "{sha}"))
    elif isinstance(how, GitLabPipeline):
        told = (*how.variables.values(), how.ref.replace("{version}", "{sha}"))
    else:  # the others are always told the commit
        return
    given = " ".join(told)
    if service.repository.is_known and "{sha}" not in given and "{artifact}" not in given:
        # A program has them in its environment as well, where we cannot see whether it reads them.
        reads = " A script that deploys $EIGHTBELLS_SHA does so as it is." if isinstance(how, Command) else ""
        yield warning(
            f"services.{service.name}.deploy: it is told neither {{sha}} nor {{artifact}}",
            f"Have it deploy {{sha}} (or {{artifact}}), which is what was approved.{reads}",
        )


def _required(team: Team) -> Iterator[Finding]:
    """Required checks that nothing can pass, so that whatever waits for them waits until it lapses."""
    unseen = [one.name for one in team.services.values() if one.deploy and one.repository.remote is None]
    for environment in team.environments.values():
        where = f"environments.{environment.name}.checks"
        if environment.checks and unseen:
            yield warning(
                f"{where}: nothing of {', '.join(unseen)} can start there, as no code host tells of its checks",
                "Name its repository on GitHub or GitLab under “services”, or require no checks there.",
            )
        for name in environment.checks:
            if name.startswith(f"{CheckKind.CDEVENTS}:"):
                yield warning(
                    f"{where}: {name} can never pass, as CDEvents do not name a commit",
                    "Name what the code host tells: a workflow, a pipeline, or a commit status.",
                )


def _tokens(settings: Settings, services: Iterable[Service]) -> Iterator[Finding]:
    """Each code host has a token of its own: starting something takes one, and so does reading what is private."""
    for kind, tokens, own in ((GITHUB, settings.github, GITHUB_HOST), (GITLAB, settings.gitlab, GITLAB_HOST)):
        asked: dict[str, list[Service]] = {}
        for service in services:
            if address := _api_of(service, kind):
                asked.setdefault(address, []).append(service)
        for origin, those in asked.items():
            if tokens.of(origin) is None:
                yield from _without(kind, origin, own, those)
        for origin in tokens.by_origin.keys() - asked.keys():
            # GITHUB_TOKEN is set in many places for other programs; it is worth a word where another host needs one.
            if origin != own or any(tokens.of(other) is None for other in asked):
                name = f"{kind.upper()}_TOKEN" if origin == own else f"{kind.upper()}_TOKENS"
                yield warning(f"{name}: no service is at {_host(origin)}", "It is sent nowhere else; unset it.")


def _without(kind: str, origin: str, own: str, services: Iterable[Service]) -> Iterator[Finding]:
    called = HOSTS[kind] if origin == own else _host(origin)
    todo = f"{kind.upper()}_TOKEN" if origin == own else f"{kind.upper()}_TOKENS={_host(origin)}=…"
    deployed = [one.name for one in services if _host_of(one) == kind]
    if deployed:
        yield mistake(
            f"{', '.join(deployed)}: deployed by {called}, which starts nothing without a token", f"Set {todo}."
        )
    elif origin != own:
        names = ", ".join(one.name for one in services)
        yield warning(f"{names}: {called} has no token, so only what is public is read", f"Set {todo}.")


def _api_of(service: Service, kind: str) -> str:
    """Where the service's code host is asked; "" where it has none of this kind."""
    at = service.repository
    address = (at.github and at.github_api) if kind == GITHUB else (at.gitlab and at.gitlab_api)
    try:
        return origin_of(address) if address else ""
    except ValueError:  # no address of a host, which gets no token
        return ""


def _host(origin: str) -> str:
    """As it is written into the setting: https is left away."""
    return origin.removeprefix("https://")


def _host_of(service: Service) -> str:
    if service.deploy is None or isinstance(service.deploy, Command | HttpCall):
        return ""
    return GITHUB if isinstance(service.deploy, GitHubWorkflow | GitHubDeployment) else GITLAB


def _callers(settings: Settings, names: list[str]) -> Iterator[Finding]:
    """Those that are asked over HTTP must be able to tell who asks, and where to report back."""
    if not names:
        return
    if not settings.secrets_for({HTTP}):
        yield mistake(
            f"{', '.join(names)}: deployed over HTTP, and there is no secret to sign the request with",
            f"Set EIGHTBELLS_HOOK_SECRET_{HTTP.upper()} here and at the deployer.",
        )
    if not settings.url:
        yield warning(
            f"{', '.join(names)}: the deployer is not told where to report back",
            f"Set EIGHTBELLS_URL to where it reaches us; reports go to /hooks/{HTTP}.",
        )
