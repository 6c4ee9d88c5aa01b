"""The board: what stands in each of the eight stages now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.events import PullRequestState, RunState
from bot.core.find_or_refuse import every
from bot.core.flow import Board, Column, Item
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.build.model.run import Purpose, Run
from bot.stages.code.model.pull_request import PullRequest, called
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.manage.model.feedback import Concern, Feedback, RemarkState
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.incident import Incident, IncidentState
from bot.stages.plan.model.change import Change, ChangeState
from bot.stages.release.model.release import Release, ReleaseState

SHOWN = 3  # items of one stage on the board; the count says how many there are
READ = 50  # newest things of a kind, among which those are that are shown


@dataclass(frozen=True, slots=True)
class Moving:
    """How many of a stage's own things there are, and at least the newest of them."""

    count: int
    items: Sequence[Item]


_NOTHING = Moving(0, ())


async def board(work: Work) -> Board:
    """All eight stages, as they are; the same for whoever looks."""
    return await work.remember("board", lambda: _make(work))


async def _make(work: Work) -> Board:
    columns: list[Column] = []
    for stage in Stage:
        moving = await _MOVING[stage](work) if stage in _MOVING else _NOTHING
        standing = await _changes(work, stage)
        items = sorted((*moving.items, *standing.items), key=lambda item: item.since, reverse=True)
        columns.append(Column(stage, moving.count + standing.count, tuple(items[:SHOWN])))
    return Board(tuple(columns), work.now)


async def _changes(work: Work, stage: Stage) -> Moving:
    """Open changes in a stage: how many there are, and those that came to it last."""
    count = await work.count(Change, stage=stage, state=ChangeState.OPEN)
    if not count:
        return _NOTHING
    last = await work.find(Change, stage=stage, state=ChangeState.OPEN, first_by="-reached_at", limit=SHOWN)
    if len(last) < count:  # some may have no such instant: those stand where they were planned
        last += await work.find(Change, stage=stage, state=ChangeState.OPEN, reached_at=None, limit=SHOWN)
    return Moving(count, [_change(change) for change in last])


def _change(change: Change) -> Item:
    note = f"by {change.due:%-d %b}" if change.due else ""
    return Item(change.id, change.title, change.reached_at or change.created_at, change.owner_id, note)


async def _pull_requests(work: Work) -> Moving:
    """Open pull requests that carry no change of ours (those that do are on the board as the change)."""
    pulls = await every(work, PullRequest, state=PullRequestState.OPEN)
    items = [
        Item(called(pull.id), pull.title, pull.opened_at, pull.author_id) for pull in pulls if not pull.changes
    ]
    return Moving(len(items), items)


async def _builds(work: Work) -> Moving:
    return await _runs(work, Purpose.BUILD)


async def _tests(work: Work) -> Moving:
    return await _runs(work, Purpose.TEST)


async def _runs(work: Work, purpose: Purpose) -> Moving:
    """What runs now, and services whose newest run failed."""
    under_way = (RunState.QUEUED, RunState.RUNNING)
    running = await work.find(Run, purpose=purpose, state=under_way, limit=READ)
    newest = [await work.find(Run, purpose=purpose, service=name, limit=1) for name in work.team.services]
    failed = [runs[0] for runs in newest if runs and runs[0].state is RunState.FAILED]
    items = [
        Item(f"#{run.number}", f"{run.service or run.repository} {run.name}", run.changed_at, note=str(run.state))
        for run in (*running, *failed)
    ]
    return Moving(await work.count(Run, purpose=purpose, state=under_way) + len(failed), items)


async def _releases(work: Work) -> Moving:
    drafted = (ReleaseState.DRAFTING, ReleaseState.DRAFT)
    drafts = await work.find(Release, state=drafted, limit=READ)
    items = [Item(one.id, one.name, one.drafted_at or one.asked_at, one.asked_by, "draft") for one in drafts]
    return Moving(await work.count(Release, state=drafted), items)


async def _deployments(work: Work) -> Moving:
    coming = (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)
    open_ones = await work.find(Deployment, state=coming, limit=READ)
    items = [Item(one.id, one.what, _since(one), one.asked_by, str(one.state)) for one in open_ones]
    return Moving(await work.count(Deployment, state=coming), items)


def _since(deployment: Deployment) -> datetime:
    return deployment.started_at or deployment.queued_at or deployment.asked_at


async def _remarks(work: Work) -> Moving:
    feedback = await work.find(Feedback, state=RemarkState.OPEN, limit=READ)
    concerns = await work.find(Concern, state=RemarkState.OPEN, limit=READ)
    every: Sequence[Feedback | Concern] = (*feedback, *concerns)
    count = await work.count(Feedback, state=RemarkState.OPEN) + await work.count(Concern, state=RemarkState.OPEN)
    return Moving(count, [Item(one.id, one.text, one.filed_at, one.filed_by) for one in every])


async def _alerts(work: Work) -> Moving:
    groups = await work.find(AlertGroup, state="firing", limit=READ)
    incidents = await work.find(Incident, state=IncidentState.OPEN, limit=READ)
    count = await work.count(AlertGroup, state="firing") + await work.count(Incident, state=IncidentState.OPEN)
    items = [
        *[Item(one.id, one.title, one.opened_at, one.lead, f"incident, {one.severity}") for one in incidents],
        *[_alert(group) for group in groups],
    ]
    return Moving(count, items)


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
