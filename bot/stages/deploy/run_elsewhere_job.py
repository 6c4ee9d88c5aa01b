"""The job that looks after a run elsewhere: what is owed for it, by whoever starts it or wants its end."""

from datetime import datetime, timedelta

from bot.core.jobs import Job
from bot.core.ports import Work
from bot.stages.deploy.model.deployment import Deployment, State

FOLLOW = "deploy.follow"
FIRST_LOOK = timedelta(seconds=3)


def will_follow(work: Work, deployment: Deployment) -> None:
    """Owe the first look, in the transaction that starts the run: whatever becomes of us, somebody will look."""
    _owe(work, deployment, work.now + FIRST_LOOK)


def look_now(work: Work, deployment: Deployment) -> None:
    """Somebody wants a run elsewhere to end. A job of its own: the one that follows it may have died."""
    if deployment.carried and deployment.state is State.RUNNING:
        _owe(work, deployment, work.now, ":stop")


def _owe(work: Work, deployment: Deployment, at: datetime, why: str = "") -> None:
    args = {"deployment": deployment.id, "run": deployment.run}
    work.owe(Job(FOLLOW, f"{FOLLOW}:{deployment.run_name}{why}", at, args))
