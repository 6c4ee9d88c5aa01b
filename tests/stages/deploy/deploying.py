"""A world in which things are deployed: a code host and a target that do what a test tells them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.deploy_targets import Command
from bot.core.events import PipelineChanged
from bot.core.jobs import Due, Job
from bot.core.team import Environment, Repository
from bot.slack.rendering.render import Rendering
from bot.stages.code.model.commits import pull_request_in
from bot.stages.code.model.ports import (
    Commit,
    HostUnreachable,
    MergedPull,
    RangeTooLong,
    RefUnknown,
    Relation,
    TagMoved,
)
from bot.stages.deploy import request, start
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished, Line
from commands.deploy import command
from tests.fakes import ANA, NOON, TEAM, TOM, World

EVERYONE = replace(
    TEAM,
    policy=(),
    environments={
        "staging": Environment("staging", 0),
        "production": Environment("production", 1, approvals=1),
        "vault": Environment("vault", 2, approvals=2),
    },
)


class ScriptedHost:
    """A history of (ref, subject), oldest first; a ref that is "" is a commit without a tag."""

    def __init__(self, *history: tuple[str, str]) -> None:
        self.history = list(history)
        self.down = ""
        self.too_long = False
        self.bodies: dict[str, str] = {}  # by subject
        self.lies = Relation()
        self.pulls: dict[int, MergedPull] = {}
        self.pulls_down = ""
        self.releases: dict[str, tuple[str, str]] = {}
        self.paths: list[str] = []
        self.pipelines: dict[str, list[PipelineChanged]] = {}  # by commit

    def sha(self, ref: str) -> str:
        """The commit of this tag."""
        return f"{self._at(ref):040x}"

    async def resolve(self, repository: Repository, ref: str) -> str:
        if self.down:
            raise HostUnreachable(self.down)
        return self.sha(ref)

    async def commits(self, repository: Repository, since: str | None, until: str) -> list[Commit]:
        if self.down:
            raise HostUnreachable(self.down)
        if self.too_long:
            raise RangeTooLong
        first, last = self._at(since) if since else 0, self._at(until)
        return [
            Commit(
                f"{n:040x}", subject, self.bodies.get(subject, ""), "ana-dev", "", NOON, pull_request_in(subject)
            )
            for n, (_, subject) in enumerate(self.history, start=1)
            if first < n <= last
        ][::-1]

    async def checks(self, repository: Repository, sha: str) -> list[PipelineChanged]:
        if self.down:
            raise HostUnreachable(self.down)
        return [replace(one, sha=sha) for one in self.pipelines.get(sha, ())]

    async def files(self, repository: Repository, since: str, until: str) -> list[str]:
        return self.paths

    async def relation(self, repository: Repository, since: str | None, until: str) -> Relation:
        return self.lies

    async def pull_requests(self, repository: Repository, numbers: Collection[int]) -> Mapping[int, MergedPull]:
        if self.pulls_down:
            raise HostUnreachable(self.pulls_down)
        return {number: self.pulls[number] for number in numbers if number in self.pulls}

    async def write_release(self, repository: Repository, tag: str, sha: str, title: str, body: str) -> str:
        if self.down:
            raise HostUnreachable(self.down)
        if (there := self.sha(tag)) != sha:
            raise TagMoved(there)
        self.releases[tag] = (title, body)
        return f"https://github.com/{repository.github}/releases/tag/{tag}"

    async def tags(self, repository: Repository) -> list[str]:
        return [ref for ref, _ in reversed(self.history) if ref.startswith("v")]

    def move(self, ref: str, subject: str) -> None:
        """Push a commit to this branch, or put this tag elsewhere."""
        self.history = [("" if name == ref else name, said) for name, said in self.history] + [(ref, subject)]

    def _at(self, ref: str) -> int:
        if len(ref) == 40:
            return int(ref, 16)
        if ref == "HEAD":
            return len(self.history)
        qualified = ref.removeprefix("refs/")
        for kind in ("tags/", "heads/"):
            if qualified.startswith(kind):  # here what begins with v is a tag, and everything else a branch
                name = qualified.removeprefix(kind)
                ref = name if name.startswith("v") == (kind == "tags/") else ""
        for n, (name, _) in enumerate(self.history, start=1):
            if ref and name == ref:
                return n
        raise RefUnknown(ref, [name for name, _ in self.history if name])


class ScriptedTarget:
    """Prints these lines and ends so; ``meanwhile`` runs before the end. Counts its starts."""

    def __init__(self) -> None:
        self.lines: list[str] = ["building", "done"]
        self.ends = Finished(0)
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        self.runs: list[Mapping[str, str]] = []
        self.closed = 0

    async def run(self, command: Command, values: Mapping[str, str]) -> AsyncIterator[Line | Finished]:
        self.runs.append(dict(values))
        try:
            for line in self.lines:
                yield Line(line)
            if self.meanwhile:
                await self.meanwhile()
            yield self.ends
        finally:
            self.closed += 1


HOUR = timedelta(hours=1)
HISTORY = (
    ("v1.3.9", "feat: begin"),
    ("", "fix: C-1 round half up (#812)"),
    ("", "chore: tidy"),
    ("v1.4.0", "feat(checkout): one step (#809)"),
    ("v1.4.1", "fix: <!channel> {{ 7*7 }}"),
)


class Harbour(World):
    """The world, with everything said rendered by the real templates."""

    def __init__(self, **more: Any) -> None:
        self.host = ScriptedHost(*HISTORY)
        self.target = ScriptedTarget()
        super().__init__(
            **{"team": EVERYONE, "host": self.host, "target": self.target, "render": Rendering(), **more}
        )

    async def run_due(self, by: timedelta = timedelta()) -> None:
        """Do what is due, as the worker would."""
        await self.later(by, deploy_run.run, request.expire)

    async def deployment(self, id: str) -> Deployment:
        """The deployment as it is committed."""
        return await self.get(Deployment, id)


async def begin(world: Harbour, job: Job) -> None:
    """Let it begin, as a worker that dies before anything else."""
    seen = await start.look_before_start(world.tools, job.args["deployment"])
    async with world.unit() as work:
        await deploy_run._begin(Due(job, timedelta(), 1), seen, set(), work)


async def ask(world: Harbour, version: str = "v1.4.0", environment: str = "production", by=TOM) -> str:
    answer = await world.use(command, by=by, service="web", version=version, environment=environment)
    return answer.context["deployment"].id


async def press(world: Harbour, verb: str, deployment: str, by, **more):
    return await world.use(command, verb, by=by, deployment=deployment, **more)


async def not_done(world: Harbour, verb: str, deployment: str, by, **more) -> str:
    """Press a button that does nothing (any more); gives the sentence that says why."""
    answer = await press(world, verb, deployment, by, **more)
    assert answer.template == "deploy/not_done", answer
    return answer.context["why"]


def card(world: Harbour, id: str) -> dict:
    return dict(world.said[f"deployment:{id}"].context)


async def go_live(world: Harbour, version: str) -> str:
    id = await ask(world, version)
    await press(world, "approve", id, ANA)
    await world.run_due(HOUR / 60)
    assert card(world, id)["deployment"].state is State.SUCCEEDED
    return id
