"""A deployment's states as a table: what each transition makes of each state."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.approvals import Decision
from bot.core.refusals import Refusal, Stale
from bot.core.team import Environment
from bot.stages.code.model.ports import Commit
from bot.stages.deploy.model.changes_shipped import SHOWN_COMMITS, Ships, Version
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.ports import Finished
from bot.stages.deploy.model.slot import Slot
from tests.example_team import ANA, MEI, NOON, TOM

PRODUCTION = Environment("production", 1, approvals=1)
LATER = NOON + timedelta(hours=1)
EXPIRED = NOON + timedelta(hours=4)


def asked(**more) -> Deployment:
    return replace(Deployment.ask("web", "v1.4.0", PRODUCTION, TOM, NOON, **more), id="D-12")


def in_state(state: State) -> Deployment:
    waiting = asked()
    queued = waiting.decide(Decision.APPROVE, ANA, NOON)
    running = queued.start(NOON, None)
    return {
        State.WAITING: waiting,
        State.QUEUED: queued,
        State.RUNNING: running,
        State.SUCCEEDED: running.finish(1, Finished(0), [], NOON),
        State.FAILED: running.finish(1, Finished(3), ["no"], NOON),
        State.REFUSED: waiting.decide(Decision.REFUSE, ANA, NOON),
        State.EXPIRED: waiting.expire(EXPIRED),
        State.CANCELLED: waiting.cancel(TOM.id, NOON),
        State.UNKNOWN: running.lose(NOON),
    }[state]


TRANSITIONS: dict[str, tuple[Callable[[Deployment], Deployment], dict[State, State]]] = {
    "approve": (lambda d: d.decide(Decision.APPROVE, MEI, LATER), {State.WAITING: State.QUEUED}),
    "refuse": (lambda d: d.decide(Decision.REFUSE, MEI, LATER), {State.WAITING: State.REFUSED}),
    "expire": (lambda d: d.expire(EXPIRED), {State.WAITING: State.EXPIRED}),
    "cancel": (
        lambda d: d.cancel(MEI.id, LATER),
        {State.WAITING: State.CANCELLED, State.QUEUED: State.CANCELLED, State.RUNNING: State.RUNNING},
    ),
    "start": (lambda d: d.start(LATER, None), {State.QUEUED: State.RUNNING}),
    "succeed": (
        lambda d: d.finish(1, Finished(0), [], LATER),
        {State.RUNNING: State.SUCCEEDED, State.UNKNOWN: State.SUCCEEDED},
    ),
    "fail": (
        lambda d: d.finish(1, Finished(None, timed_out=True), [], LATER),
        {State.RUNNING: State.FAILED, State.UNKNOWN: State.FAILED},
    ),
    "lose": (lambda d: d.lose(LATER), {State.RUNNING: State.UNKNOWN}),
    "settle live": (lambda d: d.settle(is_live=True, by=MEI.id, at=LATER), {State.UNKNOWN: State.SUCCEEDED}),
    "settle failed": (lambda d: d.settle(is_live=False, by=MEI.id, at=LATER), {State.UNKNOWN: State.FAILED}),
    "again": (lambda d: d.again(LATER), {State.FAILED: State.QUEUED, State.UNKNOWN: State.QUEUED}),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", TRANSITIONS)
def test_transitions(name: str, state: State):
    transition, allowed = TRANSITIONS[name]
    before = in_state(state)

    if state in allowed:
        assert transition(before).state is allowed[state]
    else:
        with pytest.raises(Stale, match=r"web v1\.4\.0 to production .*\. Its card"):
            transition(before)


def test_only_the_run_that_is_under_way_may_say_how_it_ended():
    second = in_state(State.FAILED).again(LATER).start(LATER, None)

    with pytest.raises(Stale, match=r"Run 1 .* is over; run 2 is under way"):
        second.finish(1, Finished(0), [], LATER)


def test_a_run_that_was_asked_to_stop_has_failed_whatever_it_says():
    stopping = in_state(State.RUNNING).cancel(MEI.id, LATER)

    assert stopping.finish(1, Finished(0), [], LATER).state is State.FAILED
    with pytest.raises(Stale, match="being stopped already"):
        stopping.cancel(ANA.id, LATER)


def test_it_runs_again_only_while_its_approval_holds():
    with pytest.raises(Stale, match=r'ended 1 h ago\. Ask for a new one with "/deploy web v1\.4\.0 to production"'):
        in_state(State.FAILED).again(EXPIRED + timedelta(hours=1))


def test_nobody_has_to_approve_a_rollback():
    assert asked(rolls_back="D-9").state is State.QUEUED


@pytest.mark.parametrize("version", ["-rf", "a b", "v1..v2", "", "v1\n", "$(reboot)", "x" * 300])
def test_what_cannot_be_a_version_is_refused(version: str):
    with pytest.raises(Refusal, match="cannot be a version"):
        Deployment.ask("web", version, PRODUCTION, TOM, NOON)


def test_a_card_keeps_fifty_commits_and_counts_all():
    commits = [Commit(f"{n:040x}", "x" * 900, "", f"author {n % 3}", "", NOON, n) for n in range(1, 121)]

    ships = Ships.of(commits, ["C-41"], since="v1.3.9")

    assert (ships.count, len(ships.commits), len(ships.authors)) == (120, SHOWN_COMMITS, 3)
    assert max(len(commit.subject) for commit in ships.commits) == 200
    assert ships.pull_requests[:2] == (1, 2)


def test_one_deployment_at_a_time_has_the_slot():
    slot = Slot.of("web", "production").take("D-1")

    with pytest.raises(Stale, match="D-1 is running"):
        slot.take("D-2")
    assert slot.free("D-2") is slot
    assert slot.free("D-1").taken_by == ""


def test_only_what_succeeded_is_live():
    slot = replace(Slot.of("web", "production"), live=Version("v1.3.9"), taken_by="D-12")

    assert slot.settled(in_state(State.FAILED)).live == Version("v1.3.9")
    assert slot.settled(in_state(State.SUCCEEDED)).live == Version("v1.4.0", None, "D-12", NOON)
