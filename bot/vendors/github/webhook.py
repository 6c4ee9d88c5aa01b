"""GitHub's webhooks: pull requests and their reviews, pushes, workflow runs and other checks, releases, deployments."""

from collections.abc import Callable
from datetime import datetime

from bot.core.code_hosts import host_of
from bot.core.events import (
    CheckKind,
    DeploymentReported,
    Event,
    PipelineChanged,
    PullRequestChanged,
    PullRequestReviewed,
    PullRequestState,
    Pushed,
    PushedCommit,
    ReleasePublished,
    RunState,
    Verdict,
)
from bot.vendors.github import webhook_checks, webhook_models
from bot.vendors.kit.alerts import known
from bot.vendors.kit.webhooks import Delivery, Source, by_header, hmac_sha256, read

# https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run: status and conclusion
_RUN_STATES = {
    "completed": RunState.FAILED,
    "in_progress": RunState.RUNNING,
    "success": RunState.PASSED,
    "neutral": RunState.PASSED,
    "skipped": RunState.CANCELLED,
    "cancelled": RunState.CANCELLED,
    "stale": RunState.CANCELLED,
}
# https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request_review: the state of a review
_VERDICTS = {"approved": Verdict.APPROVED, "changes_requested": Verdict.CHANGES_WANTED}
# https://docs.github.com/en/rest/deployments/statuses: "inactive" says that a later one took its place; "queued",
# "pending" and "waiting" are in the queue
_DEPLOYMENT_STATES = {
    "in_progress": RunState.RUNNING,
    "success": RunState.PASSED,
    "failure": RunState.FAILED,
    "error": RunState.FAILED,
    "inactive": RunState.CANCELLED,
}


def parse(delivery: Delivery) -> list[Event]:
    """What the event named by ``X-GitHub-Event`` means; kinds that we do not use give nothing."""
    reader = _READERS.get(delivery.headers.get("x-github-event", ""))
    return [] if reader is None else reader(delivery)


def _workflow_run(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.WorkflowRunEvent, delivery.body)
    run = body.workflow_run
    if run.status == "completed" or (body.action == "completed" and run.conclusion):
        state = _RUN_STATES.get(run.conclusion or "", RunState.FAILED)
    else:
        state = _RUN_STATES.get(run.status, RunState.QUEUED)
    return [
        PipelineChanged(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            run=str(run.id),
            attempt=run.run_attempt,
            name=run.name or (body.workflow.name if body.workflow else ""),
            number=run.run_number,
            branch=run.head_branch or "",
            sha=run.head_sha,
            state=state,
            at=run.updated_at or delivery.received_at,
            started_at=run.run_started_at,
            url=run.html_url,
            actor=body.sender.login,
            title=run.display_title or "",
            kind=CheckKind.ACTIONS,
            fork=run.fork_of(body.repository.full_name),
        )
    ]


def _pull_request(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.PullRequestEvent, delivery.body)
    pull = body.pull_request
    state = PullRequestState.MERGED if pull.merged else PullRequestState(pull.state)
    return [
        PullRequestChanged(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            number=pull.number,
            state=state,
            title=pull.title,
            body=pull.body or "",
            branch=pull.head.ref,
            sha=(pull.merge_commit_sha or pull.head.sha) if pull.merged else pull.head.sha,
            author=pull.user.login if pull.user else "",
            actor=body.sender.login,
            at=pull.updated_at or delivery.received_at,
            url=pull.html_url,
        )
    ]


def _pull_request_review(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.PullRequestReviewEvent, delivery.body)
    review = body.review
    if body.action != "submitted":
        return []
    return [
        PullRequestReviewed(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            number=body.pull_request.number,
            review=str(review.id),
            verdict=_VERDICTS.get(review.state.lower(), Verdict.REVIEWED),
            title=body.pull_request.title,
            actor=review.user.login if review.user else body.sender.login,
            at=review.submitted_at or delivery.received_at,
            url=review.html_url,
        )
    ]


def _push(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.PushEvent, delivery.body)
    commits = tuple(
        PushedCommit(commit.id, commit.message, commit.author.username or commit.author.name or "")
        for commit in body.commits
    )
    return [
        Pushed(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            ref=body.ref,
            before=body.before,
            after=body.after,
            forced=body.forced,
            deleted=body.deleted,
            commits=commits,
            actor=body.sender.login if body.sender else "",
            at=_first(body.head_commit and body.head_commit.timestamp, delivery.received_at),
        )
    ]


def _release(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.ReleaseEvent, delivery.body)
    if body.action not in ("published", "released") or body.release.draft:
        return []
    return [
        ReleasePublished(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            tag=body.release.tag_name,
            title=body.release.name or body.release.tag_name,
            author=body.release.author.login if body.release.author else body.sender.login,
            at=body.release.published_at or delivery.received_at,
            url=body.release.html_url,
        )
    ]


def _deployment(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.DeploymentEvent, delivery.body)
    deployment = body.deployment
    if body.action != "created":
        return []
    return [
        DeploymentReported(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            deployment=str(deployment.id),
            environment=deployment.environment,
            state=RunState.QUEUED,
            sha=deployment.sha,
            ref=deployment.ref,
            actor=deployment.creator.login if deployment.creator else body.sender.login,
            at=deployment.created_at or delivery.received_at,
            facts=known(note=deployment.description),
        )
    ]


def _deployment_status(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.DeploymentStatusEvent, delivery.body)
    status, deployment = body.deployment_status, body.deployment
    return [
        DeploymentReported(
            source=delivery.source,
            repository=body.repository.full_name,
            host=host_of(body.repository.html_url),
            deployment=str(deployment.id),
            environment=status.environment or deployment.environment,
            state=_DEPLOYMENT_STATES.get(status.state, RunState.QUEUED),
            sha=deployment.sha,
            ref=deployment.ref,
            actor=deployment.creator.login if deployment.creator else body.sender.login,
            at=status.updated_at or delivery.received_at,
            url=status.log_url or status.target_url,
            facts=known(note=status.description),
        )
    ]


def _first(at: datetime | None, otherwise: datetime) -> datetime:
    return at or otherwise


_READERS: dict[str, Callable[[Delivery], list[Event]]] = {
    "workflow_run": _workflow_run,
    "pull_request": _pull_request,
    "pull_request_review": _pull_request_review,
    "push": _push,
    "release": _release,
    "deployment": _deployment,
    "deployment_status": _deployment_status,
    "check_suite": webhook_checks.check_suite,
    "status": webhook_checks.status,
}

source = Source(
    name="github",
    title="GitHub",
    how_to="In the repository's or organisation's settings, Webhooks: give the address, content type "
    "application/json, the secret, and the events pull requests, their reviews, pushes, workflow runs, check suites, "
    "statuses, releases, deployments and deployment statuses.",
    verify=hmac_sha256("x-hub-signature-256", "sha256="),
    identify=by_header("x-github-delivery"),
    keeps=("x-github-",),
    parse=parse,
)
