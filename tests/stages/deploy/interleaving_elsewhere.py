"""The same with somebody else who carries it out: late, twice, out of order, but honest about their runs."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar

from bot.core.deploy_targets import Elsewhere, GitHubDeployment, GitHubWorkflow, HttpCall
from bot.core.events import DeploymentReported, PipelineChanged, RunState
from bot.core.run_references import deployment_reference, run_reference
from bot.stages.build import runs as build_runs
from bot.stages.code.model.ports import HostUnreachable
from bot.stages.deploy import recheck, reported_by_others, run_elsewhere
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Carrier, NotTaken, Order, Report, Taken, Target, Unsure
from bot.stages.deploy.model.slot import Slot
from tests.fake_work import Store
from tests.fakes import FakeClock
from tests.stages.deploy.deploying import ScriptedHost
from tests.stages.deploy.interleaving import HANDLERS, TEAM, Harbours, Replica, Watching, lies, turns

LIMIT = timedelta(minutes=20)
WAYS: tuple[Elsewhere, ...] = (
    GitHubWorkflow("deploy.yml", limit=LIMIT),
    GitHubDeployment(limit=LIMIT),
    HttpCall("https://deployer.example.com/go", limit=LIMIT),
)
REPOSITORY = "org/web"
BRANCH = "b" * 40  # the commit of the branch that a workflow runs on, which is not the one that it deploys
HANDLES = (
    build_runs.pipeline_changed,
    recheck.checked,
    reported_by_others.deployment_reported,
    reported_by_others.run_reported,
)
# Verbs that mean something only where a deployment is in this state.
MEANS = {
    "approve": ("approve", State.WAITING),
    "stop": ("cancel", State.RUNNING),
    "settle": ("settle", State.UNKNOWN),
    "retry": ("retry", State.FAILED),
    "retry lost": ("retry", State.UNKNOWN),
}
KINDS = (
    *("work",) * 8,
    *("go on",) * 6,
    *("deliver",) * 6,
    *("tick",) * 4,
    *("ask", "approve") * 2,
    *("others", "forged", "again", "again", *MEANS, *MEANS),
)
ENDS = (RunState.PASSED,) * 4 + (RunState.FAILED,) * 2 + (RunState.CANCELLED,)
ATTEMPTS = 3  # of one run, the later ones by hand


@dataclass
class FarRun:
    """A run as the other side knows it; somebody there may have run it again by hand."""

    name: str
    number: int
    order: Order
    state: RunState = RunState.QUEUED
    attempt: int = 1


@dataclass
class Mail:
    """What is on its way to us. ``of`` is the run that it tells of, if it is one that we asked for."""

    event: Any
    of: FarRun | None = None


@dataclass
class Told:
    """What others deployed, and what is to be believed of it."""

    others: list[DeploymentReported] = field(default_factory=list[DeploymentReported])
    echoes: dict[str, str] = field(default_factory=dict[str, str])  # of what run of ours a report only tells


class OtherSide(Watching):
    """Carries out what it is asked to, and tells how that goes; the way between us is bad."""

    def __init__(self, how: Elsewhere, chance: Random, store: Store, clock: FakeClock, host: ScriptedHost) -> None:
        super().__init__(chance, store, host)
        self.how = how
        self.runs: dict[str, FarRun] = {}
        self.mail: list[Mail] = []
        self.told = Told()
        self.asked = Counter[str]()
        self._clock = clock

    async def start(self, how: Elsewhere, order: Order) -> Taken:
        """Taken, refused, or cut off before or after it has begun."""
        self.asked[order.run] += 1
        if self.asked[order.run] > 1:
            self.wrong.append(f"{order.run} was asked for {self.asked[order.run]} times")
        self.starts[order.values["deployment"]] += 1
        self._check(self._store.rows[Deployment, order.values["deployment"]].thing, order.values)
        await turns(self._chance)
        comes = self._chance.choice(("taken",) * 6 + ("refused", "cut", "cut before"))
        if comes == "refused":
            raise NotTaken("no")
        if comes != "cut before":
            run = self.runs[order.run] = FarRun(order.run, len(self.runs) + 1, order)
            self._tell(run)
        await self._answers_late()
        if comes != "taken":
            raise Unsure("it cut the connection")
        return Taken(self.reference(self.runs[order.run]))

    async def find(self, how: Elsewhere, order: Order) -> Taken | None:
        """By the name of the run, where such a side can tell."""
        await self._reach()
        run = self.runs.get(order.run)
        return Taken(self.reference(run)) if run and not isinstance(how, HttpCall) else None

    async def look(self, how: Elsewhere, order: Order) -> Report | None:
        """As it is, and as it was when they looked: the answer takes its time."""
        await self._reach()
        run = next((one for one in self.runs.values() if self.reference(one) == order.reference), None)
        if isinstance(how, HttpCall) or run is None:
            return None
        report = Report(run.state)
        await self._answers_late()
        return report

    async def stop(self, how: Elsewhere, order: Order) -> bool:
        """Sometimes it does, sometimes it is too late or cannot."""
        await self._reach()
        run = next((one for one in self.runs.values() if self.reference(one) == order.reference), None)
        if run is None or isinstance(how, HttpCall) or self._chance.random() < 0.2:
            return False
        if not run.state.ended and self._chance.random() < 0.7:
            self._now(run, RunState.CANCELLED)
        return True

    async def _answers_late(self) -> None:
        """Now and then so late that all may be otherwise here by then."""
        for _ in range(self._chance.choice((0, 1, 2, 2, 80))):
            await asyncio.sleep(0)

    async def _reach(self) -> None:
        await turns(self._chance)
        if self._chance.random() < 0.25:
            raise HostUnreachable("it answered 502")

    def reference(self, run: FarRun) -> str:
        """What they call it."""
        if isinstance(self.how, GitHubWorkflow):
            return run_reference("github", REPOSITORY, run.number)
        if isinstance(self.how, GitHubDeployment):
            return deployment_reference("github", REPOSITORY, run.number)
        return deployment_reference("deploys", "", run.name)

    def go_on(self, run: FarRun) -> None:
        """One step further."""
        if run.state is RunState.QUEUED:
            self._now(run, RunState.RUNNING)
        elif run.state is RunState.RUNNING:
            self._now(run, self._chance.choice(ENDS))

    def run_again(self, run: FarRun) -> None:
        """Somebody there pressed the button."""
        if run.state.ended and run.attempt < ATTEMPTS:
            run.attempt += 1
            self._now(run, RunState.RUNNING)

    def _now(self, run: FarRun, state: RunState) -> None:
        run.state = state
        self._tell(run)

    def _tell(self, run: FarRun) -> None:
        if run.attempt == 1 and self._chance.random() < 0.15:
            return  # lost; nobody looks any more at one that has ended, so what comes then has to come
        values, at = run.order.values, self._clock.now()
        if isinstance(self.how, GitHubWorkflow):
            event: Any = PipelineChanged(
                "github",
                REPOSITORY,
                str(run.number),
                run.attempt,
                "Deploy",
                run.number,
                "main",
                BRANCH,
                run.state,
                at,
            )
            if run.attempt == 1:
                self._echo(run, "github", REPOSITORY, BRANCH, "main", {})
        elif isinstance(self.how, GitHubDeployment):
            event = self.event(
                "github", str(run.number), values["environment"], run.state, REPOSITORY, values["sha"]
            )
        else:
            event = self.event("deploys", run.name, "", run.state)
            if run.attempt == 1:
                self._echo(run, "argocd", "", "", values["version"], {"service": "web"})
        self.mail.append(Mail(event, run))

    def _echo(self, run: FarRun, source: str, repository: str, sha: str, ref: str, facts: dict[str, str]) -> None:
        if run.state not in (RunState.PASSED, RunState.FAILED):
            return
        environment = run.order.values["environment"]
        event = self.event(source, f"echo-{run.name}", environment, run.state, repository, sha, ref, facts)
        self.told.echoes[deployment_reference(source, repository, event.deployment)] = run.name
        self.mail.append(Mail(event, run))

    def others(self) -> None:
        """Somebody deploys something else by other means."""
        n = len(self.told.others) + 1
        state = self._chance.choice((RunState.PASSED, RunState.PASSED, RunState.FAILED, RunState.RUNNING))
        where = self._chance.choice(tuple(TEAM.environments))
        source = self._chance.choice(("cdevents", "github"))
        event = self.event(source, f"other-{n}", where, state, REPOSITORY, f"{n:c>40}", f"other-{n}")
        self.told.others.append(event)
        self.mail.append(Mail(event))

    def forged(self) -> None:
        """Names that no run of ours has had."""
        name = self._chance.choice(tuple(self.runs) or ("D-1/1",))
        wrong = self._chance.choice((f"{name}9", f"D-99{name}", name.partition("/")[0], name.lower(), f" {name}"))
        state = self._chance.choice((RunState.PASSED, RunState.FAILED))
        self.mail.append(Mail(self.event("deploys", wrong, "staging", state)))

    def event(
        self,
        source: str,
        deployment: str,
        environment: str,
        state: RunState,
        repository: str = "",
        sha: str = "",
        ref: str = "",
        facts: dict[str, str] | None = None,
    ) -> DeploymentReported:
        """A report of now."""
        at: datetime = self._clock.now()
        return DeploymentReported(
            source, repository, deployment, environment, state, sha, ref, "", at, facts=facts or {}
        )


class Abroad(Harbours):
    """Harbours whose web is deployed by somebody else."""

    handlers: ClassVar[dict[str, Any]] = {
        **HANDLERS,
        "deploy.follow": run_elsewhere.follow,
        "deploy.ships": reported_by_others.look_what_shipped,
    }
    steps = 100  # refs move meanwhile, so that it takes longer until something starts

    def __init__(self, seed: int) -> None:
        how = WAYS[seed % len(WAYS)]
        self.team = replace(TEAM, services={**TEAM.services, "web": replace(TEAM.services["web"], deploy=how)})
        super().__init__(seed)
        self.target: OtherSide = OtherSide(how, self.chance, self.store, self.clock, self.host)
        self.replicas = [self._abroad(one) for one in self.replicas]

    def _abroad(self, replica: Replica) -> Replica:
        return replace(replica, tools=replica.tools.with_ports({Target: self.target, Carrier: self.target}))

    async def use(self, verb: str, **args: Any) -> None:
        """As ever; but who says how it ended has looked, and waits where it goes on."""
        if verb == "settle":
            run = self.target.runs.get(self._stored(args["deployment"]).run_name)
            if run and not run.state.ended and self.chance.random() < 0.9:
                return
            args["outcome"] = "live" if run and run.state is RunState.PASSED else "failed"
        await super().use(verb, **args)

    async def deliver(self, mail: Mail) -> None:
        """A webhook of it, in one transaction; of an older run it changes nothing."""

        async def take(work: Any) -> None:
            for handler in HANDLES:
                if handler.__dict__["takes_event"] is type(mail.event):
                    await handler(work, mail.event)
            if mail.of is None:
                return
            id, _, run = mail.of.name.partition("/")
            now: Deployment = work._rows[Deployment, id].thing
            # Two runs of it may have been begun there that we never got to know: then what it brings is live.
            is_same = mail.event.sha == now.sha or getattr(mail.event, "ref", "") == now.version
            is_live = mail.event.state is RunState.PASSED and is_same
            if (Deployment, id) in work._written and now.run != int(run) and not is_live:
                self.target.wrong.append(f"what was told of {mail.of.name} changed {id} when that was over")

        # Whoever dies at it has it still in their inbox; and now and then it comes once more.
        await self.chance.choice(self.replicas).unit.run(take)
        if mail in self.target.mail and self.chance.random() < 0.8:
            self.target.mail.remove(mail)

    def step(self) -> "asyncio.Task[None] | None":
        """Something happens here or there."""
        chance, there = self.chance, self.target
        if chance.random() < 0.3:
            return super().step()
        kind = chance.choice(KINDS)
        runs = list(there.runs.values())
        if kind == "work":
            due = [job for job in self.store.jobs.values() if job.due <= self.clock.now()]
            return asyncio.create_task(self.work(chance.choice(due))) if due else None
        if kind == "tick":
            self.clock.move(timedelta(seconds=chance.choice((3, 10, 40, 150))))
        elif kind == "go on" and runs:
            there.go_on(chance.choice(runs[-3:]))
        elif kind == "again" and runs:
            there.run_again(chance.choice(runs[-3:]))
        elif kind == "deliver" and there.mail:
            return asyncio.create_task(self.deliver(chance.choice(there.mail)))
        elif kind == "others":
            there.others()
        elif kind == "forged":
            there.forged()
        elif kind == "ask":
            version, place = chance.choice(("main", "v1.4.0", "v1.4.1")), chance.choice(("staging", "production"))
            return asyncio.create_task(self.use("", service="web", version=version, environment=place))
        elif kind in MEANS:
            verb, wanted = MEANS[kind]
            found = [one for one in self.deployments if one.state is wanted and not one.reported_by]
            last = [one for one in found if one.id in self._latest()]  # the others may not be tried again
            if found:
                return asyncio.create_task(self.use(verb, deployment=chance.choice(last or found[-4:]).id))
        return None

    async def end(self) -> None:
        """Time passes there too, and what is on its way arrives."""
        for sha in {one.sha for one in self.deployments if one.sha}:
            await self.check(sha, RunState.PASSED)
        while True:
            if self.store.jobs:
                job = min(self.store.jobs.values(), key=lambda one: one.due)
                self.clock.at = max(self.clock.at, job.due)
                await self.work(job)
            going = [run for run in self.target.runs.values() if not run.state.ended]
            if going and (not self.store.jobs or self.chance.random() < 0.1):
                self.target.go_on(self.chance.choice(going))
            if self.target.mail and (not self.store.jobs or self.chance.random() < 0.1):
                await self.deliver(self.chance.choice(self.target.mail))
            if self.store.jobs or going or self.target.mail:
                continue
            lost = [one for one in self.deployments if one.state is State.UNKNOWN]
            if not lost:
                return
            await self.use("settle", deployment=lost[0].id)

    def _latest(self) -> set[str]:
        return {row.thing.latest for (kind, _), row in self.store.rows.items() if kind is Slot}

    def _stored(self, id: str) -> Deployment:
        return self.store.rows[Deployment, id].thing


def lies_abroad(world: Abroad) -> list[str]:
    """What ``lies`` finds, and everything that is said here and is otherwise there."""
    found = lies(world)
    contradicted = {
        _run_of(one.entry) for one in world.store.entries if one.entry.kind == "deployment.contradicted"
    }
    for one in world.deployments:
        if one.reference in world.target.told.echoes and not _is_of_a_lost_one(world, one):
            found.append(f"{one.id} is no deployment of others: {one.reference} repeats what we asked for")
        if one.reported_by or not one.run:
            continue
        run = world.target.runs.get(one.run_name)
        is_live = bool(run and run.state is RunState.PASSED)
        says_live, says_failed = one.state is State.SUCCEEDED, one.state is State.FAILED
        if says_live or says_failed:
            found += _seen_by(world, one)
        if one.ended_by or one.run_name in contradicted:
            continue
        if one.note.endswith("reports that it is live"):
            every = [far.state for far in world.target.runs.values() if far.name.startswith(f"{one.id}/")]
            is_live = RunState.PASSED in every
        if (says_live and not is_live) or (says_failed and is_live):
            found.append(f"{one.run_name} is {one.state} here, and {run.state if run else 'nothing'} there")
    return found + _slots(world) + _told_twice(world)


def _is_of_a_lost_one(world: Abroad, reported: Deployment) -> bool:
    """Whether somebody here gave up the run that it tells of, and it ended long after that."""
    id, _, run = world.target.told.echoes[reported.reference].partition("/")
    ours: Deployment = world.store.rows[Deployment, id].thing
    ended = ours.ended_at or world.clock.now()
    is_given_up = int(run) < ours.run or bool(ours.ended_by)
    return is_given_up and reported.asked_at > ended + reported_by_others.ECHO


def _seen_by(world: Abroad, one: Deployment) -> list[str]:
    """Who is named as having seen its end has said that it ended so."""
    kind = f"deployment.{one.state}"
    said = {
        row.entry.by for row in world.store.entries if row.entry.kind == kind and _run_of(row.entry) == one.run_name
    }
    is_so = not one.ended_by or one.ended_by in said
    return [] if is_so else [f"{one.ended_by} is said to have seen that {one.id} {one.state}"]


def _slots(world: Abroad) -> list[str]:
    found: list[str] = []
    for kind, id in world.store.rows:
        if kind is not Slot:
            continue
        slot: Slot = world.store.rows[kind, id].thing
        if slot.taken_by:
            found.append(f"{id} is taken by {slot.taken_by} for ever")
        there = [
            one for one in world.deployments if (one.service, one.environment) == (slot.service, slot.environment)
        ]
        lived = {one.id: one.ended_at for one in there if one.state is State.SUCCEEDED and one.ended_at}
        newest = max(lived.values(), default=None)
        if (slot.live.since if slot.live else None) != newest or (
            slot.live and lived.get(slot.live.deployment) != newest
        ):
            found.append(f"{id} says that {slot.live} is live, and {lived} have been")
        for other in world.target.told.others:
            # What another run of the same host brings while ours goes on cannot be told from what ours brings.
            is_sure = other.source == "cdevents" and other.state is RunState.PASSED
            if (
                is_sure
                and other.environment == slot.environment
                and (slot.live is None or slot.live.since is None or slot.live.since < other.at)
            ):
                found.append(f"{id} knows nothing of {other.ref}, which others brought at {other.at}")
    return found


def _told_twice(world: Abroad) -> list[str]:
    said = Counter(
        (message.key, message.template)
        for message in world.store.log
        if getattr(message, "template", "") in ("deploy/live", "deploy/failed")
    )
    ends = Counter(
        (_run_of(one.entry), one.entry.kind)
        for one in world.store.entries
        if one.entry.kind in ("deployment.succeeded", "deployment.failed")
    )
    return [f"{key} was told {count} times" for key, count in (said + ends).items() if count > 1]


def _run_of(entry: Any) -> str:
    id = next(subject.name for subject in entry.subjects if subject.kind == "deployment")
    return f"{id}/{entry.facts['run']}"
