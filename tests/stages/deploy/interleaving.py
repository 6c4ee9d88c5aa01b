"""Two replicas on one store, in an order that chance chooses: clicks, moved refs, freezes, expiries, crashes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from bot.core.command import Call
from bot.core.deploy_targets import Command
from bot.core.events import PipelineChanged, RunState
from bot.core.jobs import Again, Due, Job
from bot.core.people import Person
from bot.core.ports import Tools
from bot.core.refusals import Conflict, Refusal
from bot.core.team import Environment, Team
from bot.stages.build import runs
from bot.stages.deploy import ask_approvers, recheck, request
from bot.stages.deploy import run as deploy_run
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished, Line, Target
from bot.stages.flow.authorise import perform
from bot.team.environments import locks, look_again
from commands.deploy import command
from tests.fake_work import FakeWork, Store
from tests.fakes import FakeClock, FakeDirectory, FakeUnit, World
from tests.stages.deploy.deploying import EVERYONE, HISTORY, ScriptedHost

CROWD = tuple(Person(f"U{n}", f"P{n}", "Europe/Berlin") for n in range(6))
TEAM = replace(
    EVERYONE,
    environments={
        "staging": Environment("staging", 0),
        "production": Environment("production", 1, approvals=2),
        "checked": Environment("checked", 1, approvals=1, checks=("ci",)),
        "vault": Environment("vault", 2, approvals=1, after="staging", soak=timedelta(minutes=10)),
    },
)
HANDLERS: dict[str, Any] = {
    "deploy.run": deploy_run.run,
    "deploy.expire": request.expire,
    "deploy.look": recheck.look_again,
    "deploy.around": look_again.when_it_moved,
    "deploy.lapse": recheck.lapse,
    "deploy.checks": recheck.look_at_checks,
    "deploy.ask": ask_approvers.ask_in_the_morning,
    "lock.expire": locks.expire,
    "lock.ask": locks.ask,
}
STEPS = 60
ENDS = (RunState.PASSED, RunState.PASSED, RunState.FAILED)
KINDS = (
    *("ask",) * 4,
    *("approve",) * 6,
    *("work",) * 4,
    *("check",) * 2,
    *("refuse", "cancel", "retry", "rollback", "settle", "move", "wait", "lock", "unlock", "freeze", "thaw"),
)
FINAL = (State.SUCCEEDED, State.FAILED, State.REFUSED, State.EXPIRED, State.CANCELLED)


class Lively(FakeWork):
    """Others get their turn at every read. A row that is read by its id is locked, as storage locks it.

    Storage lets others wait for such a row; here whoever commits second begins again, which comes to the same.
    """

    def __init__(self, chance: Random, locks: Counter[tuple[type, str]], store: Store, *rest: Any) -> None:
        super().__init__(store, *rest)
        self._chance = chance
        self._locks = locks
        self._before = Counter(locks)  # it sees everything as it was then
        self._seen: set[tuple[type, str]] = set()

    async def get(self, noun: type[Any], id: str) -> Any:
        thing = await super().get(noun, id)
        if thing is not None:
            self._seen.add((noun, thing.id))
        await turns(self._chance)
        return thing

    async def find(self, noun: type[Any], **how: Any) -> list[Any]:
        found = await super().find(noun, **how)
        await turns(self._chance)
        return found

    def commit(self) -> None:
        if self._said or self._written:
            for key in self._seen:
                if self._locks[key] != self._before[key]:
                    raise Conflict(f"{key[1]} was locked by somebody else meanwhile")
        super().commit()
        if self._said or self._written:
            self._locks.update(self._seen | self._written.keys())


async def turns(chance: Random) -> None:
    """Let others go on, perhaps several times."""
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        await asyncio.sleep(0)


class LivelyUnit(FakeUnit):
    """Opens such works; begins again more often than storage does, as nobody waits here."""

    def __init__(
        self, chance: Random, locks: Counter[tuple[type, str]], clock: FakeClock, store: Store, team: Team = TEAM
    ) -> None:
        super().__init__(clock, team, store)
        self._chance = chance
        self._locks = locks

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[FakeWork]:
        work = Lively(self._chance, self._locks, self._store, self._clock.now(), self._team, self._render)
        yield work
        work.commit()

    async def run(self, step: Any) -> Any:
        while True:
            try:
                async with self() as work:
                    return await step(work)
            except Conflict:
                await asyncio.sleep(0)


class Watching:
    """A target that notes every start, and that nothing was started which must not be."""

    def __init__(self, chance: Random, store: Store, host: ScriptedHost) -> None:
        self._chance = chance
        self._store = store
        self._host = host
        self._active: set[tuple[str, str]] = set()
        self.starts = Counter[str]()
        self.wrong: list[str] = []

    async def run(self, command: Command, values: Mapping[str, str]) -> AsyncIterator[Line | Finished]:
        id, place = values["deployment"], (values["service"], values["environment"])
        self._check(self._store.rows[Deployment, id].thing, values)
        if place in self._active:
            self.wrong.append(f"{id} runs beside another one")
        self.starts[id] += 1
        self._active.add(place)
        try:
            for n in range(self._chance.randint(0, 3)):
                await turns(self._chance)
                yield Line(f"line {n}")
            yield Finished(self._chance.choice((0, 0, 0, 1)))
        finally:
            self._active.discard(place)

    def _check(self, deployment: Deployment, values: Mapping[str, str]) -> None:
        approval, needed = deployment.approval, TEAM.environments[deployment.environment].approvals
        yes = {vote.by for vote in approval.approvals}
        if deployment.rolls_back:
            needed = 0
        if (
            len(yes) < needed
            or len(yes) != len(approval.approvals)
            or deployment.asked_by in yes
            or approval.refusal
        ):
            self.wrong.append(f"{deployment.id} started without its quorum: {approval}")
        if {vote.sha for vote in approval.votes} - {values["sha"]} or values["sha"] != deployment.sha:
            self.wrong.append(f"{deployment.id} started another commit than was approved")
        if self._host.sha(values["version"]) != deployment.sha:  # as the command would look it up
            self.wrong.append(f"{deployment.id} was given {values['version']}, which is another commit by now")


@dataclass
class Replica:
    """One of two processes."""

    tools: Tools
    unit: LivelyUnit


class Harbours:
    """The store, both replicas, and what chance does with them."""

    team = TEAM
    handlers = HANDLERS
    steps = STEPS

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311  nothing secret
        self.clock = FakeClock()
        self.store = Store()
        self.locks: Counter[tuple[type, str]] = Counter()
        self.host = ScriptedHost(*HISTORY, ("main", "feat: more"))
        self.target = Watching(self.chance, self.store, self.host)
        self.replicas = [self._replica() for _ in range(2)]
        self.clicks = 0

    def _replica(self) -> Replica:
        unit: Any = LivelyUnit(self.chance, self.locks, self.clock, self.store, self.team)
        parts = World(team=self.team, people=CROWD, host=self.host).tools
        directory: Any = FakeDirectory(CROWD)
        target: Any = self.target
        tools = replace(parts, unit=unit, clock=self.clock, directory=directory).with_ports({Target: target})
        return Replica(tools, unit)

    @property
    def deployments(self) -> list[Deployment]:
        """As they are committed."""
        return [row.thing for (kind, _), row in self.store.rows.items() if kind is Deployment]

    async def use(self, verb: str, **args: Any) -> None:
        """Somebody types or clicks; whatever comes is an answer, and a failure of ours is not."""
        by = self.chance.choice(CROWD)
        replica = self.chance.choice(self.replicas)
        declared = command.verbs[verb]
        self.clicks += 1
        call = Call(args, by, self.clock.now(), f"click:{self.clicks}")
        try:
            if declared.prepare:
                call = replace(call, prepared=await declared.prepare(call, replica.tools))
            await turns(self.chance)
            await replica.unit.run(lambda work: perform(declared, call, work))
        except Refusal as refusal:
            assert refusal.sentence  # noqa: PT017  a no is an answer too

    async def check(self, sha: str, state: RunState) -> None:
        """A pipeline of this commit ends; the code host tells us now, and whenever we ask."""
        self.clicks += 1
        ended = PipelineChanged(
            "github", "harbor/web", str(self.clicks), 1, "ci", self.clicks, "main", sha, state, self.clock.now()
        )
        self.host.pipelines[sha] = [ended]

        async def tell(work: Any) -> None:
            for take in (runs.pipeline_changed, recheck.checked):
                await take(work, ended)

        await self.chance.choice(self.replicas).unit.run(tell)

    async def work(self, job: Job) -> None:
        """A worker does a job; it ends with its outcome, unless the process dies before."""
        replica, handler = self.chance.choice(self.replicas), self.handlers[job.kind]
        due = Due(job, self.clock.now() - job.due, 1)
        if "does_job_outside" in handler.__dict__:
            result = await handler(replica.tools, due)
        else:
            result = await replica.unit.run(lambda work: handler(work, due))
        is_owed = self.store.jobs.get(job.key) == job
        if isinstance(result, Again):
            self.store.jobs |= {job.key: replace(job, due=self.clock.now() + result.after)} if is_owed else {}
            return
        if is_owed:
            self.store.jobs.pop(job.key)
        self.store.ended[job.key] = result

    def step(self) -> "asyncio.Task[None] | None":
        """Something happens; gives what goes on meanwhile."""
        chance, known = self.chance, self.deployments
        kind = chance.choice(KINDS)
        if kind == "move":
            self.host.history[-1] = ("", self.host.history[-1][1])
            self.host.history.append(("main", f"fix: {len(self.host.history)}"))
        elif kind == "wait":
            self.clock.move(timedelta(minutes=chance.choice((1, 10, 60, 250))))
        elif kind == "work":
            due = [job for job in self.store.jobs.values() if job.due <= self.clock.now()]
            return asyncio.create_task(self.work(chance.choice(due))) if due else None
        elif kind == "check":
            sha = chance.choice(known).sha if known else None
            return asyncio.create_task(self.check(sha, chance.choice(ENDS))) if sha else None
        elif kind in ("lock", "unlock", "freeze", "thaw"):
            args: dict[str, Any] = {"environment": chance.choice(("staging", "production"))}
            if kind == "freeze":
                args |= {"end": self.clock.now() + timedelta(hours=chance.choice((1, 30))), "reason": "audit"}
            return asyncio.create_task(self.use(kind, **args))
        elif kind == "ask":
            because = {"reason": "it has to be"} if chance.random() < 0.4 else {}
            version = chance.choice(("main", "main", "main", "v1.4.0", "v1.4.1"))
            place = chance.choice((*TEAM.environments, "production", "checked"))
            return asyncio.create_task(self.use("", service="web", version=version, environment=place, **because))
        elif known:
            waiting = [one for one in known if one.state is State.WAITING]
            one = chance.choice(waiting if kind == "approve" and waiting else known[-4:])
            more: dict[str, Any] = {"outcome": chance.choice(("live", "failed"))} if kind == "settle" else {}
            if kind == "approve" and one.sha and chance.random() < 0.8:
                more["sha"] = one.sha
            return asyncio.create_task(self.use(kind, deployment=one.id, **more))
        return None

    async def live(self) -> None:
        """All of it, some of it at once; now and then a process dies in the middle of what it does."""
        going: list[asyncio.Task[None]] = []
        for _ in range(self.steps):
            if task := self.step():
                going.append(task)
            await turns(self.chance)
            if going and self.chance.random() < 0.05:
                dying = going.pop(self.chance.randrange(len(going)))
                dying.cancel()
                await asyncio.gather(dying, return_exceptions=True)
            if len(going) > 4:
                await asyncio.gather(*going)
                going = []
        await asyncio.gather(*going)

    async def end(self) -> None:
        """Time passes until nothing is owed any more; whatever nobody knows the end of, somebody looks at."""
        for sha in {one.sha for one in self.deployments if one.sha}:
            await self.check(sha, RunState.PASSED)
        while True:
            while self.store.jobs:
                job = min(self.store.jobs.values(), key=lambda one: one.due)
                self.clock.at = max(self.clock.at, job.due)
                await self.work(job)
            lost = [one for one in self.deployments if one.state is State.UNKNOWN]
            if not lost:
                return
            await self.use("settle", deployment=lost[0].id, outcome="live")


def lies(world: Harbours) -> list[str]:
    """Everything about the end of it that should not be so."""
    found = list(world.target.wrong)
    retried = Counter(
        subject.name
        for one in world.store.entries
        if one.entry.kind == "deployment.retried"
        for subject in one.entry.subjects
        if subject.kind == "deployment"
    )
    for one in world.deployments:
        if world.target.starts[one.id] > 1 + retried[one.id]:
            found.append(f"{one.id} started {world.target.starts[one.id]} times")
        if one.state not in FINAL:
            found.append(f"{one.id} is {one.state} for ever")
        card = world.store.said[f"deployment:{one.id}"].context["deployment"]
        if card != one:
            found.append(f"the card of {one.id} shows {card.state} {card.sha}, and it is {one.state} {one.sha}")
        for user in one.asked:
            asked = world.store.said[f"deployment:{one.id}:ask:{user}"].context["deployment"]
            if (asked.state is State.WAITING) != (one.state is State.WAITING):
                found.append(f"{user} is asked about {one.id}, which is {one.state}")
    return found
