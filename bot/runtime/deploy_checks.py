"""What ``eightbells check`` finds of how services are deployed: programs and tokens that are missing."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.config import Settings
from bot.domain.events import CheckKind
from bot.domain.references import GITHUB, GITLAB, HTTP
from bot.domain.targets import Command, GitHubDeployment, GitHubWorkflow, GitLabPipeline, HttpCall
from bot.domain.team import Service, Team
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
    """Starting something on a code host takes a token; reading what is public there does not."""
    given = {GITHUB: settings.github_token, GITLAB: settings.gitlab_token}
    for host, called in HOSTS.items():
        names = [one.name for one in services if _host_of(one) == host]
        if names and not given[host]:
            yield mistake(
                f"{', '.join(names)}: deployed by {called}, which starts nothing without a token",
                f"Set {host.upper()}_TOKEN.",
            )


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
