"""How a service is deployed: by a command on this machine, or by somebody else whom we ask."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, TypeAlias
from urllib.parse import urlsplit

PLACEHOLDERS = ("service", "version", "environment", "sha", "deployment", "artifact")
_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")

LIMIT = timedelta(minutes=15)
LIMIT_ELSEWHERE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run on this machine: an argument list, never a shell line.

    ``{service}``, ``{version}``, ``{environment}``, ``{sha}``, ``{deployment}`` and ``{artifact}`` (its image by
    digest) inside an argument are replaced; a value can never become a second argument.
    """

    arguments: tuple[str, ...]
    directory: str | None = None
    limit: timedelta = LIMIT


@dataclass(frozen=True, slots=True)
class GitHubWorkflow:
    """A workflow of the service's repository on GitHub, started by ``workflow_dispatch``.

    Attributes:
        file: its file's name under ``.github/workflows``, such as ``deploy.yml``.
        ref: the branch or tag whose version of the workflow runs; "" is the default branch.
        inputs: what it is given; placeholders as in ``Command``.
        limit: how long we wait for its end.
    """

    file: str
    ref: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    limit: timedelta = LIMIT_ELSEWHERE
    title: ClassVar[str] = "GitHub Actions"


@dataclass(frozen=True, slots=True)
class GitHubDeployment:
    """A deployment on GitHub, carried out by whoever listens to its ``deployment`` event and reports its statuses.

    ``environment``, ``task`` and the values of ``payload`` may hold placeholders.
    """

    environment: str = "{environment}"
    task: str = "deploy"
    payload: Mapping[str, str] = field(default_factory=dict[str, str])
    limit: timedelta = LIMIT_ELSEWHERE
    title: ClassVar[str] = "GitHub deployments"


@dataclass(frozen=True, slots=True)
class GitLabPipeline:
    """A new pipeline of the service's project on GitLab.

    ``ref`` is a branch or tag (GitLab starts none on a bare commit); ``variables`` are given to its jobs.
    """

    ref: str = "{version}"
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    limit: timedelta = LIMIT_ELSEWHERE
    title: ClassVar[str] = "GitLab CI/CD"


@dataclass(frozen=True, slots=True)
class GitLabDeployment:
    """A deployment on GitLab, carried out by whoever listens to its webhook and updates its status."""

    environment: str = "{environment}"
    limit: timedelta = LIMIT_ELSEWHERE
    title: ClassVar[str] = "GitLab deployments"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A signed request to somebody who reports back to ``/hooks/deploys``, signed with the same secret.

    ``payload`` is sent along, with placeholders replaced.
    """

    url: str
    payload: Mapping[str, str] = field(default_factory=dict[str, str])
    limit: timedelta = LIMIT_ELSEWHERE

    @property
    def title(self) -> str:
        """Whom we ask, by the name of their machine."""
        return urlsplit(self.url).hostname or "the deployer"


Elsewhere: TypeAlias = GitHubWorkflow | GitHubDeployment | GitLabPipeline | GitLabDeployment | HttpCall
DeployTarget: TypeAlias = Command | Elsewhere


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with values in the places of their names, read once: what a value holds is never a placeholder."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text)
