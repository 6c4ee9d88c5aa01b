"""The board: what stands in each of the eight stages now."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertGroup
from bot.domain.builds import Purpose, Run
from bot.domain.changes import Change, ChangeState
from bot.domain.deployments import Deployment, State
from bot.domain.events import PullRequestState, RunState
from bot.domain.feedback import Concern, Feedback, RemarkState
from bot.domain.flow import Board, Column, Item
from bot.domain.incidents import Incident, IncidentState
from bot.domain.ports import Work
from bot.domain.releases import Release, ReleaseState
from bot.domain.reviews import PullRequest
from bot.domain.stages import Stage

SHOWN = 3  # items of one stage on the board; the count says how many there are


async def board(work: Work) -> Board:
    """All eight stages, as they are; the same for whoever looks."""
    return await work.remember("board", lambda: _make(work))


async def _make(work: Work) -> Board:
    changes = await work.find(Change, state=ChangeState.OPEN)
    columns: list[Column] = []
    for stage in Stage:
        moving = await _MOVING[stage](work) if stage in _MOVING else []
        standing = [_change(change) for change in changes if change.stage is stage]
        items = sorted((*moving, *standing), key=lambda item: item.since, reverse=True)
        columns.append(Column(stage, len(items), tuple(items[:SHOWN])))
    return Board(tuple(columns), work.now)


def _change(change: Change) -> Item:
    note = f"by {change.due:%-d %b}" if change.due else ""
    return Item(change.id, change.title, change.reached_at or change.created_at, change.owner_id, note)


async def _pull_requests(work: Work) -> list[Item]:
    """Open pull requests that carry no change of ours (those that do are on the board as the change)."""
    pulls = await work.find(PullRequest, state=PullRequestState.OPEN)
    return [
        Item(f"{pull.repository.partition('/')[2]}#{pull.number}", pull.title, pull.opened_at, pull.author_id)
        for pull in pulls
        if not pull.changes
    ]


async def _builds(work: Work) -> list[Item]:
    return await _runs(work, Purpose.BUILD)


async def _tests(work: Work) -> list[Item]:
    return await _runs(work, Purpose.TEST)


async def _runs(work: Work, purpose: Purpose) -> list[Item]:
    """What runs now, and services whose newest run failed."""
    running = await work.find(Run, purpose=purpose, state=(RunState.QUEUED, RunState.RUNNING), limit=50)
    newest = [await work.find(Run, purpose=purpose, service=name, limit=1) for name in work.team.services]
    failed = [runs[0] for runs in newest if runs and runs[0].state is RunState.FAILED]
    return [
        Item(f"#{run.number}", f"{run.service or run.repository} {run.name}", run.changed_at, note=str(run.state))
        for run in (*running, *failed)
    ]


async def _releases(work: Work) -> list[Item]:
    drafts = await work.find(Release, state=(ReleaseState.DRAFTING, ReleaseState.DRAFT), limit=50)
    return [Item(one.id, one.name, one.drafted_at or one.asked_at, one.asked_by, "draft") for one in drafts]


async def _deployments(work: Work) -> list[Item]:
    open_ones = await work.find(
        Deployment, state=(State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN), limit=50
    )
    return [Item(one.id, one.what, _since(one), one.asked_by, str(one.state)) for one in open_ones]


def _since(deployment: Deployment) -> datetime:
    return deployment.started_at or deployment.queued_at or deployment.asked_at


async def _remarks(work: Work) -> list[Item]:
    feedback = await work.find(Feedback, state=RemarkState.OPEN)
    concerns = await work.find(Concern, state=RemarkState.OPEN)
    every: Sequence[Feedback | Concern] = (*feedback, *concerns)
    return [Item(one.id, one.text, one.filed_at, one.filed_by) for one in every]


async def _alerts(work: Work) -> list[Item]:
    groups = await work.find(AlertGroup, state="firing")
    incidents = await work.find(Incident, state=IncidentState.OPEN)
    return [
        *[Item(one.id, one.title, one.opened_at, one.lead, f"incident, {one.severity}") for one in incidents],
        *[_alert(group) for group in groups],
    ]


def _alert(group: AlertGroup) -> Item:
    on = f" · {group.service}" if group.service else ""
    who = group.acknowledged.by if group.acknowledged else None
    return Item(group.id, f"{group.name}{on}", group.opened_at, who, str(group.severity))


_MOVING = {
    Stage.CODE: _pull_requests,
    Stage.BUILD: _builds,
    Stage.TEST: _tests,
    Stage.RELEASE: _releases,
    Stage.DEPLOY: _deployments,
    Stage.MANAGE: _remarks,
    Stage.MONITOR: _alerts,
}
