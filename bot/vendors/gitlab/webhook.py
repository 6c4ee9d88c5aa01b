"""GitLab's webhooks: pushes, merge requests and who approves them, pipelines, releases and deployments.

https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

import re
from collections.abc import Callable
from datetime import timedelta

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
from bot.core.text_limits import first_line
from bot.vendors.gitlab import webhook_models
from bot.vendors.kit.times import believed, happened
from bot.vendors.kit.webhooks import Delivery, Source, an_object, by_header, loaded, read, token_header

# https://docs.gitlab.com/api/pipelines/: the others wait for something.
_PIPELINE_STATES = {
    "running": RunState.RUNNING,
    "success": RunState.PASSED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
    "canceling": RunState.CANCELLED,
    "skipped": RunState.CANCELLED,
}
# https://docs.gitlab.com/api/deployments/: "created" and "blocked" wait, for a runner or for an approval.
_DEPLOYMENT_STATES = {
    "running": RunState.RUNNING,
    "success": RunState.PASSED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
    "skipped": RunState.CANCELLED,
}
# "locked" is open: it is being merged.
_REQUEST_STATES = {"merged": PullRequestState.MERGED, "closed": PullRequestState.CLOSED}
# "approval" is one of several that are needed, "approved" the last of them. Taking it back asks for no change.
_VERDICTS = {
    "approval": Verdict.APPROVED,
    "approved": Verdict.APPROVED,
    "unapproval": Verdict.REVIEWED,
    "unapproved": Verdict.REVIEWED,
}
_COMMIT = re.compile(r"/commits?/([0-9a-f]{40}|[0-9a-f]{64})$")
# Jobs that a pipeline begins with are made with it; one that is made later is tried again.
MADE_TOGETHER = timedelta(seconds=10)


def parse(delivery: Delivery) -> list[Event]:
    """What the body's ``object_kind`` says that happened; kinds that we do not use give nothing."""
    body = an_object(loaded(delivery.body))
    kind = body.get("object_kind")
    # A job ("build") is a part of its pipeline, which says it.
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    return [] if reader is None else reader(delivery)


def _push(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.PushEvent, delivery.body)
    is_tag = body.ref.startswith("refs/tags/")
    newest = next((one for one in body.commits or () if one.id == (body.checkout_sha or body.after)), None)
    return [
        Pushed(
            source=delivery.source,
            repository=body.project.path_with_namespace,
            host=host_of(body.project.web_url),
            ref=body.ref,
            before=body.before,
            # An annotated tag is an object of its own; what is checked out is the commit that it names.
            after=(body.checkout_sha or body.after) if is_tag else body.after,
            forced=False,  # GitLab does not tell
            deleted=not body.after.strip("0"),
            commits=tuple(PushedCommit(one.id, one.message, _author(one, body)) for one in body.commits or ()),
            actor=body.user_username,
            at=happened(newest.timestamp if newest else None, delivery),
        )
    ]


def _author(commit: webhook_models.Commit, push: webhook_models.PushEvent) -> str:
    """The account where the author is who pushed, else the name that the commit gives."""
    if commit.author is None:
        return ""
    is_pusher = commit.author.name == push.user_name or (
        push.user_email and commit.author.email.casefold() == push.user_email.casefold()
    )
    return push.user_username if is_pusher and push.user_username else commit.author.name


def _merge_request(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.MergeRequestEvent, delivery.body)
    request = body.object_attributes
    if request.action in _VERDICTS:
        # What a push takes back is nobody's word.
        return [] if request.system else [_review(body, _VERDICTS[request.action], delivery)]
    state = _REQUEST_STATES.get(request.state, PullRequestState.OPEN)
    head = request.last_commit.id if request.last_commit else ""
    # Where merging is fast-forward, there is no merge commit; a squashed commit is what the branch got.
    merged = request.merge_commit_sha or request.squash_commit_sha
    people = (body.user, *(body.assignees or ()), *(body.reviewers or ()))
    names = {one.id: one.username for one in people if one and one.id}
    return [
        PullRequestChanged(
            source=delivery.source,
            repository=body.project.path_with_namespace,
            host=host_of(body.project.web_url),
            number=request.iid,
            state=state,
            title=request.title,
            body=request.description,
            branch=request.source_branch,
            sha=(merged or head) if state is PullRequestState.MERGED else head,
            author=names.get(request.author_id, ""),  # only the id is told
            actor=_name(body.user),
            at=happened(request.updated_at, delivery),
            url=request.url,
        )
    ]


def _review(body: webhook_models.MergeRequestEvent, verdict: Verdict, delivery: Delivery) -> Event:
    request = body.object_attributes
    return PullRequestReviewed(
        source=delivery.source,
        repository=body.project.path_with_namespace,
        host=host_of(body.project.web_url),
        number=request.iid,
        review="",  # an approval has no id
        verdict=verdict,
        title=request.title,
        actor=_name(body.user),
        at=happened(request.updated_at, delivery),
        url=request.url,
    )


def _pipeline(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.PipelineEvent, delivery.body)
    run, project = body.object_attributes, body.project
    state = _PIPELINE_STATES.get(run.status, RunState.QUEUED)
    return [
        PipelineChanged(
            source=delivery.source,
            repository=project.path_with_namespace,
            host=host_of(project.web_url),
            run=str(run.id),
            attempt=_attempt(body),
            name=run.name or "pipeline",
            number=run.iid,
            branch=run.ref,
            sha=run.sha,
            state=state,
            at=happened(run.finished_at if state.ended else None, delivery),
            started_at=believed(run.created_at, delivery),
            url=run.url or (f"{project.web_url}/-/pipelines/{run.id}" if project.web_url else ""),
            actor=_name(body.user),
            title=first_line(body.commit.title or body.commit.message) if body.commit else "",
            kind=CheckKind.PIPELINE,
            fork=body.merge_request.fork if body.merge_request else "",
        )
    ]


def _attempt(body: webhook_models.PipelineEvent) -> int:
    """1, until jobs are tried again; then when that was, in seconds since 1970.

    A retried pipeline goes back from its end to running under the same id, and GitLab counts no attempts.
    """
    begun = body.object_attributes.created_at
    newest = max((job.created_at for job in body.builds or () if job.created_at), default=None)
    is_again = begun and newest and newest - begun > MADE_TOGETHER
    return int(newest.timestamp()) if newest and is_again else 1


def _release(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.ReleaseEvent, delivery.body)
    if body.action != "create":
        return []
    return [
        ReleasePublished(
            source=delivery.source,
            repository=body.project.path_with_namespace,
            host=host_of(body.project.web_url),
            tag=body.tag,
            title=body.name or body.tag,
            author="",
            at=happened(body.released_at, delivery),
            url=body.url,
        )
    ]


def _deployment(delivery: Delivery) -> list[Event]:
    body = read(webhook_models.DeploymentEvent, delivery.body)
    commit = _COMMIT.search(body.commit_url)
    return [
        DeploymentReported(
            source=delivery.source,
            repository=body.project.path_with_namespace,
            host=host_of(body.project.web_url),
            deployment=str(body.deployment_id),
            environment=body.environment,
            state=_DEPLOYMENT_STATES.get(body.status, RunState.QUEUED),
            sha=commit[1] if commit else "",
            ref=body.ref,
            actor=_name(body.user),
            at=happened(body.status_changed_at, delivery),
            url=body.deployable_url,
        )
    ]


def _name(user: webhook_models.User | None) -> str:
    return user.username if user else ""


_READERS: dict[str, Callable[[Delivery], list[Event]]] = {
    "push": _push,
    "tag_push": _push,
    "merge_request": _merge_request,
    "pipeline": _pipeline,
    "release": _release,
    "deployment": _deployment,
}

source = Source(
    name="gitlab",
    title="GitLab",
    how_to="In the project's or group's Settings, Webhooks: give the address, the secret as secret token, and the "
    "triggers push, tag push, merge request, pipeline, releases and deployment events.",
    verify=token_header("x-gitlab-token"),
    # X-Gitlab-Event-UUID is no name: it is the same for all that one webhook leads to, and another at each retry.
    identify=by_header("idempotency-key"),
    parse=parse,
)
