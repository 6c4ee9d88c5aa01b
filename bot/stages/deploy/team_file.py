"""The team file's ``services``: where their code is, and what deploys them."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from bot.core import deploy_targets
from bot.core.image_names import Image
from bot.core.team import Repository, Service
from bot.sections.mistakes import NOTHING_GIVEN, Found
from bot.sections.parts import Address, Argument, Channel, Duration, Part, RepositoryPart, Several, repository_in

Values = dict[str, Argument]
KINDS = ("run", "github_workflow", "github_deployment", "gitlab_pipeline", "gitlab_deployment", "http")


class GitHubWorkflowPart(Part):
    """A workflow that is started by ``workflow_dispatch``."""

    file: str = Field(pattern=r"^[\w.-]+\.ya?ml$")
    ref: Argument = ""
    inputs: Values = Field(default_factory=dict[str, str])

    def target(self, limit: timedelta) -> deploy_targets.Elsewhere:
        """The domain's."""
        return deploy_targets.GitHubWorkflow(self.file, self.ref, self.inputs, limit)


class GitHubDeploymentPart(Part):
    """A deployment that somebody else carries out."""

    environment: Argument = "{environment}"
    task: Argument = "deploy"
    payload: Values = Field(default_factory=dict[str, str])

    def target(self, limit: timedelta) -> deploy_targets.Elsewhere:
        """The domain's."""
        return deploy_targets.GitHubDeployment(self.environment, self.task, self.payload, limit)


class GitLabPipelinePart(Part):
    """A new pipeline."""

    ref: Argument = "{version}"
    variables: Values = Field(default_factory=dict[str, str])

    def target(self, limit: timedelta) -> deploy_targets.Elsewhere:
        """The domain's."""
        return deploy_targets.GitLabPipeline(self.ref, self.variables, limit)


class GitLabDeploymentPart(Part):
    """A deployment that somebody else carries out."""

    environment: Argument = "{environment}"

    def target(self, limit: timedelta) -> deploy_targets.Elsewhere:
        """The domain's."""
        return deploy_targets.GitLabDeployment(self.environment, limit)


class HttpPart(Part):
    """A signed request."""

    url: Address
    payload: Values = Field(default_factory=dict[str, str])

    def target(self, limit: timedelta) -> deploy_targets.Elsewhere:
        """The domain's."""
        return deploy_targets.HttpCall(self.url, self.payload, limit)


class DeployPart(Part):
    """What deploys a service: a program with its arguments, or somebody who is asked to."""

    run: list[Argument] | None = Field(None, min_length=1)
    directory: str | None = None
    github_workflow: GitHubWorkflowPart | None = None
    github_deployment: GitHubDeploymentPart | None = None
    gitlab_pipeline: GitLabPipelinePart | None = None
    gitlab_deployment: GitLabDeploymentPart | None = None
    http: HttpPart | None = None
    limit: Duration | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if not given:
            raise PydanticCustomError(NOTHING_GIVEN, f"say how: one of {', '.join(KINDS)}")
        if len(given) > 1:
            raise ValueError(f"there is one way to deploy a service; choose between {' and '.join(given)}")
        if self.directory is not None and self.run is None:
            raise ValueError("directory is for run alone")
        return self

    @property
    def host(self) -> str:
        """The code host that it needs: ``github``, ``gitlab`` or ""."""
        given = (name for name in KINDS if name.startswith("git") and getattr(self, name))
        return next(given, "").partition("_")[0]

    def target(self) -> deploy_targets.DeployTarget:
        """The domain's."""
        asked = (
            self.github_workflow
            or self.github_deployment
            or self.gitlab_pipeline
            or self.gitlab_deployment
            or self.http
        )
        if asked:
            return asked.target(self.limit or deploy_targets.LIMIT_ELSEWHERE)
        return deploy_targets.Command(tuple(self.run or ()), self.directory, self.limit or deploy_targets.LIMIT)


def _image(name: str) -> str:
    """A name that becomes an image's, whatever is filled in; what people type stands in its tag alone."""
    where, _, tag = name.rpartition(":")
    if Image.read(deploy_targets.filled(name, dict.fromkeys(deploy_targets.PLACEHOLDERS, "x"))) is None:
        raise ValueError(f"{name!r} is no image on a registry; write registry.example.com/shop/web:{{version}}")
    if "{" in where.replace("{service}", ""):
        raise ValueError("before the tag, {service} alone is filled in: a version must not choose the repository")
    if "{version}" not in tag and "{sha}" not in tag:
        raise ValueError(f"the tag {tag!r} is the same for whatever is deployed; it needs {{version}} or {{sha}}")
    for later in ("{deployment}", "{artifact}"):
        if later in tag:
            raise ValueError(f"{later} cannot be in its name: the image is there before it is known")
    return name


class ServicePart(Part):
    """A service."""

    repository: Annotated[RepositoryPart, BeforeValidator(repository_in)] = RepositoryPart()
    deploy: DeployPart | None = None
    channel: Channel | None = None
    owners: Several = Field(default_factory=list[str])
    migrations: Several = Field(default_factory=list[str])  # patterns of paths that change how data is kept
    artifact: Annotated[Argument, AfterValidator(_image)] | None = None

    def service(self, name: str, owners: list[str]) -> Service:
        """The domain's; ``owners`` by their ids."""
        where = self.repository
        return Service(
            name,
            Repository(where.git, where.github, where.github_api, where.gitlab, where.gitlab_api, where.web_host),
            self.deploy.target() if self.deploy else None,
            self.channel,
            tuple(owners),
            tuple(self.migrations),
            self.artifact,
        )


def service_mistakes(services: dict[str, ServicePart]) -> Found:
    """Ways to deploy that need a code host which the service does not name."""
    for name, part in services.items():
        host = part.deploy.host if part.deploy else ""
        if host and getattr(part.repository, host) is None:
            called = {"github": "GitHub", "gitlab": "GitLab"}[host]
            what = f"needs the repository on {called}: repository: {{ {host}: … }}"
            yield ("services", name, "deploy"), what
