"""What others than GitHub Actions say of a commit: suites of checks by apps, and commit statuses."""

from bot.core.code_hosts import host_of
from bot.core.events import CheckKind, Event, PipelineChanged, RunState
from bot.core.text_limits import first_line
from bot.vendors.github import webhook_check_models as models
from bot.vendors.kit.webhooks import Delivery, read

# https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite: conclusion; the others are failures
_CONCLUSIONS = {
    "success": RunState.PASSED,
    "neutral": RunState.PASSED,
    "skipped": RunState.CANCELLED,
    "cancelled": RunState.CANCELLED,
    "stale": RunState.CANCELLED,
}
# https://docs.github.com/en/rest/commits/statuses: "failure" and "error" are failures
_STATUSES = {"pending": RunState.RUNNING, "success": RunState.PASSED}
ACTIONS = "github-actions"  # its workflow runs say the same, and more


def check_suite(delivery: Delivery) -> list[Event]:
    """A suite that has ended. Asked for again, it keeps its id, so that the instant of its end is its attempt."""
    body = read(models.CheckSuiteEvent, delivery.body)
    suite = body.check_suite
    if body.action != "completed" or suite.app.slug == ACTIONS or suite.latest_check_runs_count == 0:
        return []
    ended_at = suite.updated_at or delivery.received_at
    page = body.repository.html_url
    return [
        PipelineChanged(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(page),
            run=f"suite-{suite.id}",
            attempt=int(ended_at.timestamp()),
            name=suite.app.name,
            number=0,
            branch=suite.head_branch,
            sha=suite.head_sha,
            state=_CONCLUSIONS.get(suite.conclusion, RunState.FAILED),
            at=ended_at,
            started_at=suite.created_at,
            url=f"{page}/commit/{suite.head_sha}/checks?check_suite_id={suite.id}" if page else "",
            actor=body.sender.login,
            title=first_line(suite.head_commit.message) if suite.head_commit else "",
            kind=CheckKind.APP,
            fork=suite.fork_of(body.repository.id),
        )
    ]


def status(delivery: Delivery) -> list[Event]:
    """What a context says of a commit: each saying has an id of its own, and the newest counts."""
    body = read(models.StatusEvent, delivery.body)
    branches = [one.name for one in body.branches or () if one.commit and one.commit.sha == body.sha]
    return [
        PipelineChanged(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            # A context is said of every commit anew, so that it alone would be one run for all of them.
            run=f"status-{body.context}@{body.sha}",
            attempt=body.id,
            name=body.context,
            number=0,  # its id is that of one saying, and counts nothing
            branch=branches[0] if branches else "",
            sha=body.sha,
            state=_STATUSES.get(body.state, RunState.FAILED),
            at=body.updated_at or delivery.received_at,
            started_at=None,
            url=body.target_url,
            actor=body.sender.login,
            title=first_line(body.commit.commit.message) if body.commit and body.commit.commit else "",
            kind=CheckKind.STATUS,
        )
    ]
