"""What somebody has done lately, as the ledger saw it: told when they are asked, and put into their form."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.events import PullRequestState
from bot.core.ledger import Recorded, Subject
from bot.core.ports import Work
from bot.core.text_limits import first_line
from bot.stages.code.model.blocker import Blocker
from bot.stages.code.model.pull_request import PullRequest
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.plan.model.change import Change, ChangeState

FARTHEST = timedelta(days=7)
SHOWN = 12  # lines at most; more is a report
TITLE_MAX = 80  # characters
_DEPLOYMENTS = {"deployment.requested": "asked to deploy", "deployment.approved": "approved"}
_PIPELINES = {"passed": "passed", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did, in words: "merged org/web#812 Currency column"."""

    what: str
    url: str = ""


async def activity(work: Work, user_id: str, since: datetime) -> tuple[Deed, ...]:
    """What the ledger saw of somebody since then, but for no longer than a week; the most telling things first."""
    since = max(since, work.now - FARTHEST)
    seen = await work.doings(user_id, since)
    deeds = [
        *await _merged(work, user_id, since),
        *await _pull_requests(work, user_id, seen),
        *await _deployments(work, user_id, seen, since),
        *await _blockers(work, seen),
        *_pipelines(seen),
    ]
    return tuple(dict.fromkeys(deeds))[:SHOWN]


async def _merged(work: Work, user_id: str, since: datetime) -> list[Deed]:
    """Pull requests of theirs that were merged, whoever pressed the button."""
    merged = await work.find(PullRequest, author_id=user_id, state=PullRequestState.MERGED, limit=20)
    return [_of("merged", pull) for pull in merged if pull.changed_at >= since]


async def _pull_requests(work: Work, user_id: str, seen: list[Recorded]) -> list[Deed]:
    """What they opened, reviewed, or merged for somebody else."""
    reviewed = dict.fromkeys(("pr.reviewed", "pr.approved", "pr.changes_wanted"), "reviewed")
    words = {"pr.open": "opened", "pr.merged": "merged", **reviewed}
    found: dict[tuple[str, str], None] = {}
    for one in seen:
        for subject in one.entry.subjects:
            if one.entry.kind in words and subject.kind == "pr":
                found[(words[one.entry.kind], subject.name)] = None
    deeds: list[Deed] = []
    for word, id in found:
        pull = await work.get(PullRequest, id)
        if pull is None or (word == "opened" and (pull.state is not PullRequestState.OPEN)):
            continue  # what was merged since is told as merged
        if word == "opened" and pull.author_id != user_id:
            continue  # they changed somebody else's
        deeds.append(_of(word, pull))
    return deeds


async def _deployments(work: Work, user_id: str, seen: list[Recorded], since: datetime) -> list[Deed]:
    """What they asked for and approved, and what went live: theirs, or with changes of theirs."""
    deeds: list[Deed] = []
    for one in seen:
        word = _DEPLOYMENTS.get(one.entry.kind)
        deployment = await _deployment(work, one) if word else None
        if word and deployment:
            deeds.append(Deed(f"{word} {deployment.service} {deployment.version} to {deployment.environment}"))
    own = await work.find(Change, owner_id=user_id, state=(ChangeState.OPEN, ChangeState.DONE), limit=30)
    mine = frozenset(change.id for change in own)
    asked = [subject for one in seen for subject in one.entry.subjects if subject.kind == "deployment"]
    about = [*dict.fromkeys(asked), *(Subject("change", id) for id in mine)]
    for one in await work.history(*about, limit=100) if about else ():
        if one.entry.kind != "deployment.succeeded" or one.at < since:
            continue
        deployment = await _deployment(work, one)
        if deployment:
            with_mine = sorted(mine & set(deployment.ships.changes))
            tail = f" with your {', '.join(with_mine)}" if with_mine else ""
            deeds.append(Deed(f"{deployment.service} {deployment.version} live in {deployment.environment}{tail}"))
    return deeds


async def _blockers(work: Work, seen: list[Recorded]) -> list[Deed]:
    ids = dict.fromkeys(
        subject.name
        for one in seen
        if one.entry.kind in {"blocker.closed", "blocker.unblocked"}
        for subject in one.entry.subjects
        if subject.kind == "blocker"
    )
    found = [await work.get(Blocker, id) for id in ids]
    return [
        Deed(f"unblocked {blocker.id} {first_line(blocker.what, TITLE_MAX)}")
        for blocker in found
        if blocker and not blocker.is_open
    ]


def _pipelines(seen: list[Recorded]) -> list[Deed]:
    """Their pipelines, counted: each run as it ended last."""
    last: dict[str, str] = {}
    for one in seen:
        for subject in one.entry.subjects:
            if subject.kind in {"build", "testrun"}:
                last[subject.name] = str(one.entry.facts.get("state", ""))
    counts = [(word, sum(state == ended for state in last.values())) for ended, word in _PIPELINES.items()]
    told = [f"{count} {word}" for word, count in counts if count]
    return [Deed(f"pipelines: {', '.join(told)}")] if told else []


async def _deployment(work: Work, recorded: Recorded) -> Deployment | None:
    id = next((subject.name for subject in recorded.entry.subjects if subject.kind == "deployment"), None)
    return await work.get(Deployment, id) if id else None


def _of(word: str, pull: PullRequest) -> Deed:
    return Deed(f"{word} {pull.id} {first_line(pull.title, TITLE_MAX)}", pull.url)
