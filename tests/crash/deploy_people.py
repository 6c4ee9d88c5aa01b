"""People around deployments, by chance: they ask, click, push commits, and in the end see to what is left."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import func, select

from bot.core.command import Call
from bot.core.events import PipelineChanged, RunState
from bot.core.ports import Tools
from bot.core.refusals import Conflict, Refusal
from bot.runtime.deliveries import Deliveries
from bot.stages.deploy import rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.flow.authorise import perform
from bot.storage.engine.database import Database
from bot.storage.queues.jobs import job_table
from bot.storage.queues.leases import RUNNING, WAITING
from commands.deploy import command
from tests.crash.deploy_world import CROWD, SERVICES, TEAM, Shared, sha_of

KINDS = {
    "ask": 7.0,
    "approve": 10.0,
    "check": 5.0,
    "move": 3.0,
    "settle": 2.0,
    "retry": 3.0,
    "refuse": 0.8,
    "cancel": 1.5,
    "rollback": 1.0,
    "lock": 0.5,
    "unlock": 1.0,
    "freeze": 0.4,
    "thaw": 0.8,
}
OPEN = (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)
MANY_OPEN = 40  # then people rather decide than ask for more
SEEN_SECONDS = 0.1  # as old may be what somebody looks at who clicks
CHECKS = "deploy.checks"
PATIENCE_SECONDS = 5.0  # without anything owed or done: what is open then stays so


@dataclass
class Owed:
    """How many jobs are under way, when the next one is due, and when checks are looked at next."""

    running: int = 0
    due: datetime | None = None
    checks: datetime | None = None


class People:
    """Those who click in one process."""

    def __init__(self, tools: Tools, database: Database, shared: Shared, chance: Random, takers: Any) -> None:
        self._tools = tools
        self._unit: Any = tools.unit
        self._database = database
        self._shared = shared
        self._chance = chance
        self._deliveries = Deliveries({}, takers)
        self._known: list[Deployment] = []
        self._seen_at = 0.0
        self._numbers = count(int(chance.random() * 10**12) * 1_000)

    async def click_while(self, wanted: Callable[[], bool]) -> None:
        """One of them, one thing after the other. A failure of ours is noted."""
        while wanted():
            try:
                await self._something()
            except Conflict as again:
                self._shared.note("gave_up", str(again))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told of where the truth is looked for
                self._shared.note("error", repr(error))
            await asyncio.sleep(self._chance.random() * 0.03)

    async def _something(self) -> None:
        await self._look()
        chance, known = self._chance, self._known
        (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
        waiting = [one for one in known if one.state is State.WAITING]
        many = sum(one.state.is_open for one in known) >= MANY_OPEN
        if kind == "ask" and many and chance.random() < 0.8:
            kind = "approve"
        service = chance.randrange(SERVICES)
        if kind == "move":
            self._shared.push(service)
            self._shared.note("moved", f"s{service}")
        elif kind in ("lock", "unlock", "freeze", "thaw"):
            await self._hold(kind)
        elif kind == "ask":
            commit = sha_of(service, self._shared.head(service) - chance.randrange(2))
            version = chance.choice(("main", "main", "v1", "v2", commit))
            place = chance.choice(list(TEAM.environments))
            because = {"reason": "it has to be"} if chance.random() < 0.4 else {}
            await self._click("", service=f"s{service}", version=version, environment=place, **because)
        elif kind == "check":
            one = chance.choice(waiting or known or [None])
            sha = one.sha if one and one.sha else sha_of(service, self._shared.head(service))
            await self._check(sha, chance.choice((RunState.PASSED, RunState.PASSED, RunState.FAILED)))
        elif known:
            await self._decide(kind, known, waiting)

    async def _decide(self, kind: str, known: list[Deployment], waiting: list[Deployment]) -> None:
        chance = self._chance
        lost = [one for one in known if one.state is State.UNKNOWN]
        failed = [one for one in known if one.state is State.FAILED]
        wanted = {"approve": waiting, "refuse": waiting, "settle": lost, "retry": lost + lost + failed}
        likely = wanted.get(kind) or [one for one in known if one.state.is_open]
        one = chance.choice(likely if likely and chance.random() < 0.9 else known)
        more: dict[str, Any] = {"outcome": chance.choice(("live", "failed"))} if kind == "settle" else {}
        if kind == "approve" and one.sha and chance.random() < 0.8:
            more["sha"] = one.sha[:12]
        await self._click(kind, deployment=one.id, **more)

    async def _hold(self, kind: str) -> None:
        chance = self._chance
        args: dict[str, Any] = {"environment": chance.choice(("staging", "production", "canary"))}
        if chance.random() < 0.8:
            args["service"] = f"s{chance.randrange(SERVICES)}"
        if kind == "freeze":
            args |= {"end": self._shared.now() + timedelta(hours=chance.choice((1, 30))), "reason": "audit"}
        await self._click(kind, **args)

    async def _click(self, verb: str, **args: Any) -> None:
        """Once; or twice at the same instant; or once, and Slack tells us of it twice."""
        chance = self._chance
        by = chance.choice(CROWD)
        keys = [f"click:{next(self._numbers)}"]
        if chance.random() < 0.3:
            keys.append(keys[0] if chance.random() < 0.3 else f"click:{next(self._numbers)}")
        await asyncio.gather(*(self._one_click(verb, args, by, key) for key in keys))

    async def _one_click(self, verb: str, args: dict[str, Any], by: Any, key: str) -> None:
        declared = command.verbs[verb]
        call = Call(args, by, self._shared.now(), key)

        async def step(work: Any) -> Any:
            return None if work.repeated else await perform(declared, call, work)

        self._shared.note("click", verb or "ask")
        try:
            if declared.prepare:
                call = replace(call, prepared=await declared.prepare(call, self._tools))
            reply = await self._unit.run(step, opening=lambda: self._unit.for_call(key))
        except Refusal as refusal:
            self._shared.note("refusal" if refusal.sentence else "error", verb, type(refusal).__name__)
            return
        if reply and reply.template == "deploy/requested":
            self._shared.note("asked", reply.context["deployment"].id)
        elif reply and reply.template == "deploy/done":
            # A yes counts for the commit on the card that was clicked.
            self._shared.note(verb, reply.context["deployment"].id, by.id, args.get("sha", "-"))

    async def _check(self, sha: str, state: RunState) -> None:
        """The code host tells us that a pipeline of this commit has ended."""
        now, repository = self._shared.now(), f"harbor/s{int(sha[:8], 16)}"
        number = int(now.timestamp() * 1_000)  # a later run counts, whoever tells of it
        run = str(next(self._numbers))
        event = PipelineChanged("github", repository, run, 1, "ci", number, "main", sha, state, now)
        self._shared.note("checked", str(state))
        await self._unit.run(lambda work: self._deliveries.take(work, [event]))

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._seen_at > SEEN_SECONDS:
            self._seen_at = now
            async with self._unit.reading() as work:
                self._known = await work.find(Deployment, limit=60)

    async def come_to_an_end(self, made: Any) -> bool:
        """Let time pass until nothing is owed, and see to what waits for a person; whether all has ended then."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while loop.time() - last < PATIENCE_SECONDS:
            owed = await self._owed()
            async with self._unit.reading() as work:
                left = await work.find(Deployment, state=OPEN)
            # Checks are looked at again and again; whether they ever pass is for people to see to.
            next_at = owed.due or (None if left else owed.checks)
            if owed.running or made.busy:
                last = loop.time()
            elif next_at is not None:
                if next_at > self._shared.now():
                    self._shared.move_to(next_at + timedelta(minutes=1))
                    last = loop.time()
            elif not left:
                return True
            else:
                seen_to = [await self._see_to(one) for one in left]
                last = loop.time() if any(seen_to) else last
            await asyncio.sleep(0.02)
        return False

    async def _owed(self) -> Owed:
        c = job_table.c
        query = select(c.state, c.kind, func.count(), func.min(c.run_at)).group_by(c.state, c.kind)
        owed = Owed()
        async with self._database.read() as conn:
            for state, kind, number, at in await conn.execute(query.where(c.state.in_((RUNNING, WAITING)))):
                if state == RUNNING:
                    owed.running += number
                elif kind == CHECKS:
                    owed.checks = at
                else:
                    owed.due = min(at, owed.due or at)
        return owed

    async def _see_to(self, one: Deployment) -> bool:
        """Whether a person could do anything about it. What only time or we could move stays as it is."""
        if one.state is State.UNKNOWN:
            await self._click("settle", deployment=one.id, outcome=self._chance.choice(("live", "failed")))
            return True
        async with self._unit() as work:
            held = {str(each.kind) for each in await rules.holding(work, one)}
        if one.state is not State.QUEUED or not held <= {"checks", "order"} or not held:
            return False
        if "order" in held:  # it was taken back where it has to be before
            await self._click("cancel", deployment=one.id)
        elif one.sha:
            await self._check(one.sha, RunState.PASSED)
        return True
