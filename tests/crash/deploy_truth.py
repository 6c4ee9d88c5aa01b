"""What must be so when every deployment has come to its end, read from the database and from what the target noted."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from bot.slack.rendering.render import Rendering
from bot.stages.deploy import cards as news
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.queue import slot_of
from bot.storage.engine.database import Database
from bot.storage.ledger import audits
from bot.storage.ledger.ledger import ledger_table
from bot.storage.ledger.seals import Sealer
from bot.storage.outbox.tables import outbox
from bot.storage.queues.jobs import job_table
from bot.storage.queues.leases import DEAD, RUNNING, WAITING
from bot.storage.work.unit_of_work import UnitOfWork
from tests.crash.deploy_world import TEAM, Shared, first_line

FINAL = (State.SUCCEEDED, State.FAILED, State.REFUSED, State.EXPIRED, State.CANCELLED)
# What a card begins with, after its sign.
SAYS = {
    State.SUCCEEDED: ("Live", "Was live"),
    State.FAILED: ("Failed",),
    State.REFUSED: ("Refused",),
    State.EXPIRED: ("Lapsed",),
    State.CANCELLED: ("Cancelled",),
}
MOST = 5_000  # deployments read


@dataclass
class Truth:
    """Everything at the end, and what should not be so."""

    deployments: dict[str, Deployment]
    slots: dict[str, Slot]
    said: dict[str, str]  # the newest text of each message, by key
    retried: Counter[str]
    starts: dict[str, list[dict[str, Any]]]
    seen: dict[tuple[str, str], set[str]]  # commits on the cards that somebody (by id) said yes to, by deployment
    wrong: list[str] = field(default_factory=list)

    @property
    def ends(self) -> Counter[str]:
        """How many ended how."""
        return Counter(str(one.state) for one in self.deployments.values())

    def judge(self) -> None:
        """Note everything that is wrong with starts, ends and cards."""
        for one in self.deployments.values():
            self._starts_of(one)
            self._end_of(one)
            self._messages_of(one)
        for id in self.starts.keys() - self.deployments.keys():
            self.wrong.append(f"{id} was started, and nothing holds it")
        self._what_is_live()

    def _starts_of(self, one: Deployment) -> None:
        starts = self.starts.get(one.id, [])
        runs = [start["run"] for start in starts]
        if len(set(runs)) < len(runs) or len(runs) > 1 + self.retried[one.id] or max(runs, default=0) > one.run:
            self.wrong.append(
                f"{one.id} was started as runs {runs}; it is at {one.run}, retried {self.retried[one.id]}"
            )
        if one.run > 1 + self.retried[one.id]:
            self.wrong.append(f"{one.id} is at run {one.run}, and was retried {self.retried[one.id]} times")
        for start in starts:
            held = start["held"]
            if held is None:  # taken over as it started: it is judged by what the others saw
                continue
            if held["beside"]:
                self.wrong.append(f"{one.id}/{start['run']} was started beside {held['beside']}")
            if start["sha"] != held["sha"]:
                self.wrong.append(f"{one.id}/{start['run']} got {start['sha']}, and is about {held['sha']}")
            self._quorum(one, start)

    def _quorum(self, one: Deployment, start: dict[str, Any]) -> None:
        name, held = f"{one.id}/{start['run']}", start["held"]
        yes = [(by, sha) for by, decision, sha in held["votes"] if decision == "approve"]
        is_waived = one.rolls_back and not one.unapproved  # it was approved and run here before
        always_one = bool(held["overrides"] or one.unapproved)
        needed = 0 if is_waived else max(TEAM.environments[one.environment].approvals, always_one)
        people = {by for by, _ in yes} - {held["asked_by"]}
        if len(people) < needed or len(yes) < len(held["votes"]):
            self.wrong.append(
                f"{name} was started with {held['votes']}, asked for by {held['asked_by']}: {needed} needed"
            )
        for by, sha in yes:
            cards = self.seen.get((one.id, by), set())
            if sha != start["sha"] or (cards and not any(sha.startswith(card) for card in cards)):
                self.wrong.append(f"{name} got {start['sha']}; {by} approved {sha}, having seen {cards}")

    def _end_of(self, one: Deployment) -> None:
        if one.state not in FINAL:
            self.wrong.append(f"{one.id} is {one.state} for ever")
        by_itself = one.state in (State.SUCCEEDED, State.FAILED) and not one.ended_by
        if not by_itself:
            return
        start = next((each for each in self.starts.get(one.id, []) if each["run"] == one.run), None)
        if start is None or first_line(one.id, one.run) not in one.tail:
            if one.tail or one.state is State.SUCCEEDED:
                self.wrong.append(
                    f"{one.id} is {one.state} by itself at run {one.run}, which printed {one.tail}: {start}"
                )
        elif one.exit_code not in (start["code"], None):
            self.wrong.append(f"{one.id} ended with {one.exit_code}, and its run {one.run} with {start['code']}")
        if one.state is State.SUCCEEDED and one.exit_code != 0:
            self.wrong.append(f"{one.id} is live with exit code {one.exit_code}")

    def _messages_of(self, one: Deployment) -> None:
        card = self.said.get(f"deployment:{one.id}", "")
        if _head(card) not in SAYS.get(one.state, ()) or f" · {one.service} {one.version} → " not in card:
            self.wrong.append(f"the card of {one.id} says {card!r}, and it is {one.state}")
        for user in one.asked:
            question = self.said.get(f"deployment:{one.id}:ask:{user}", "")
            if not question or _head(question) == "Waiting for approval":
                self.wrong.append(f"{user} is asked {question!r}, and {one.id} is {one.state}")

    def _what_is_live(self) -> None:
        last: dict[str, Deployment] = {}
        for one in self.deployments.values():
            place = f"{one.service}/{one.environment}"
            if one.state is State.SUCCEEDED and one.ended_at:
                before = last.get(place)
                if before is None or before.ended_at is None or before.ended_at < one.ended_at:
                    last[place] = one
        for slot in self.slots.values():
            live, one = slot.live, last.get(slot.id)
            stands = (live.deployment, live.name, live.sha) if live else None
            wanted = (one.id, one.version, one.sha) if one else None
            if stands != wanted:
                self.wrong.append(f"in {slot.id} {stands} is live, and {wanted} was the last success")
            if slot.taken_by:
                self.wrong.append(f"{slot.id} is taken by {slot.taken_by} for ever")
        for place in last.keys() - self.slots.keys():
            self.wrong.append(f"there is no {place}")


async def truth(database: Database, shared: Shared) -> Truth:
    """All of it, judged."""
    unit = UnitOfWork(database, team=TEAM, render=Rendering())
    async with unit.reading() as work:
        deployments = {one.id: one for one in await work.find(Deployment, limit=MOST)}
        slots = {one.id: one for one in await work.find(Slot, limit=MOST)}
    async with database.read() as conn:
        said = {row.key: row.text for row in await conn.execute(select(outbox.c.key, outbox.c.text))}
        retried = await conn.execute(
            select(ledger_table.c.subjects).where(ledger_table.c.kind == "deployment.retried")
        )
        times = Counter(_deployment_in(row.subjects) for row in retried)
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, *words in shared.noted():
        if kind == "approve":
            id, by, card = words
            seen[id, by].add("" if card == "-" else card)
    starts = {path.name: shared.starts(path.name) for path in (shared.folder / "starts").iterdir()}
    found = Truth(deployments, slots, said, times, starts, seen)
    found.judge()
    found.wrong += [f"error: {' '.join(words)}" for kind, *words in shared.noted() if kind == "error"]
    found.wrong += await _of_the_machinery(database, shared)
    found.wrong += await _stale(database, unit, deployments.values())
    return found


async def _of_the_machinery(database: Database, shared: Shared) -> list[str]:
    c = job_table.c
    async with database.read() as conn:
        left = await conn.execute(select(c.key, c.state, c.note).where(c.state.in_((WAITING, RUNNING, DEAD))))
        wrong = [f"the job {row.key} is {row.state}: {row.note}" for row in left]
    sealer = Sealer(database)
    while await sealer.seal():
        pass
    async with database.read() as conn:
        report = await audits.audit(conn, shared.now())  # whose clock the replicas wrote by
    # The clock jumps by hours here, also between the beginning of a transaction and its commit.
    faults = [fault for fault in report.faults if not fault.startswith("time goes backwards")]
    return wrong + [f"the ledger: {fault}" for fault in faults]


async def _stale(database: Database, unit: UnitOfWork, deployments: Iterable[Deployment]) -> list[str]:
    """Cards that are not what they would be if they were made now, buttons and all.

    One that was replaced goes on to say by which, whatever came after that one.
    """
    before = await _revisions(database)
    for one in deployments:
        async with unit() as work:
            slot = await slot_of(work, one.service, one.environment)
            if one.state is not State.SUCCEEDED or (slot.live and slot.live.deployment == one.id):
                await news.show(work, one, slot)
    after = await _revisions(database)
    none = (0, "", [])
    return [
        f"{key} said {_differing(before.get(key, none), now)} and should say {_differing(now, before.get(key, none))}"
        for key, now in after.items()
        if before.get(key, none)[0] != now[0]
    ]


def _differing(one: tuple[int, str, Any], other: tuple[int, str, Any]) -> str:
    """The text of one, and those of its blocks that the other has not."""
    return f"{one[1]!r} with {[block for block in one[2] or [] if block not in (other[2] or [])]}"


async def _revisions(database: Database) -> dict[str, tuple[int, str, Any]]:
    async with database.read() as conn:
        rows = await conn.execute(select(outbox.c.key, outbox.c.revision, outbox.c.text, outbox.c.blocks))
        return {row.key: (row.revision, row.text, row.blocks) for row in rows}


def _head(text: str) -> str:
    return text.partition(" · ")[0].partition(" ")[2]


def _deployment_in(subjects: list[str]) -> str:
    return next(one.partition(":")[2] for one in subjects if one.startswith("deployment:"))
