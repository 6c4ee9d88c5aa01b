"""How a deployment is asked for, decided and put in its turn; what runs it is in ``deploy_run``."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.core.approvals import Decision
from bot.core.find_or_refuse import found
from bot.core.handlers import due
from bot.core.jobs import Due, Job, Outcome
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale
from bot.core.team import Service
from bot.stages.build import runs
from bot.stages.code import blocker_links
from bot.stages.deploy import approved, ask_approvers, rules, run_elsewhere_job
from bot.stages.deploy import cards as news
from bot.stages.deploy import fixes as deploy_fixes
from bot.stages.deploy.look_up_version import Found, with_known_changes
from bot.stages.deploy.model.changes_shipped import Ships
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.request_fields import Passes
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.queue import give_back, lock_against, must_be_open, run_key, slot_of, start_next, will_lapse
from bot.team.environments.look_again import look_at_next_turn
from bot.team.environments.model.lock import Locked


async def request(
    work: Work,
    service: str,
    version: str,
    environment: str,
    by: Person,
    *,
    because: str = "",
    found: Found = Found(),  # noqa: B008  a value that nobody can change
) -> Deployment:
    """A new deployment with its card in the channel; it starts at once where nobody has to approve.

    ``found`` is what the version turned out to be, and who is there. With a reason it passes a freeze, if somebody else
    approves; where the reason says which open incident it fixes, also locks, incidents and soak time.

    Raises ``Refusal``: nothing deploys this service, it is locked or frozen, the version has to be somewhere else
    first, it is asked for already.
    """
    deployable(work.team.services[service])
    version = found.version or version
    await runs.learn(work, found.checks)
    passes = await _passes(work, service, environment, because)
    if not passes["fixes"]:
        hint = await deploy_fixes.said_otherwise(work, service, because)
        await must_be_open(work, service, environment, by.id, hint)
    where = work.team.environments[environment]
    slot = await slot_of(work, service, environment)
    for other in await work.find(Deployment, service=service, environment=environment, version=version):
        if other.state.is_open:
            may_wait = (
                other.state in (State.WAITING, State.QUEUED) and slot.taken_by != other.id
            )  # its turn is not on
            if may_wait and _is_more(passes, other):
                return await _override(work, other.override(where, by, work.now, **passes), found.people)
            raise Stale(f"{other.id} is the same already. {other.standing(work.now)} Its card is in the channel.")
    asked = Deployment.ask(
        service,
        version,
        where,
        by,
        work.now,
        sha=found.sha,
        ships=await with_known_changes(work, found.ships) or Ships(),
        before=slot.live,
        artifact=found.artifact,
        **passes,
    )
    await rules.must_be_askable(work, asked, f"/deploy {asked.what}")
    return await _enter(work, asked, slot, found.people)


async def decide(work: Work, id: str, decision: Decision, by: Person) -> Deployment:
    """One more vote. The last yes puts it in its turn. Raises ``Stale``, ``NotAllowed``, ``Locked``."""
    deployment = (await known(work, id)).decide(decision, by, work.now)
    if deployment.state is State.QUEUED and (lock := await lock_against(work, deployment)):
        raise Locked(lock, work.now)
    await work.save(deployment)
    why = Policy(work.team).grounds(f"deploy.{decision}", deployment.environment, by, service=deployment.service)
    news.record_vote(work, deployment, decision, by.id, why)
    slot = await slot_of(work, deployment.service, deployment.environment)
    if deployment.state is not State.WAITING:
        work.forgive(_expiry_key(deployment))
    if deployment.state is State.QUEUED:
        will_lapse(work, deployment)
        slot = await start_next(work, slot)
        await news.tell_whose_turn(work, slot)
    if deployment.state is State.REFUSED:
        news.tell_in_thread(work, deployment, "refused")
    await blocker_links.deployment_moved(work, deployment, by.id)
    await news.show(work, deployment, slot)
    await news.show_asked(work, deployment)
    return deployment


async def cancel(work: Work, id: str, by: Person) -> Deployment:
    """Cancelled before its start; a running one is asked to stop. Raises ``Stale``."""
    deployment = (await known(work, id)).cancel(by.id, work.now)
    await work.save(deployment)
    slot = await slot_of(work, deployment.service, deployment.environment)
    if deployment.state is State.CANCELLED:
        work.forgive(_expiry_key(deployment))
        if slot.taken_by == deployment.id:
            work.forgive(run_key(deployment, slot))
        slot = await start_next(work, await give_back(work, slot, deployment))
        news.record(work, deployment, "cancelled", by.id)
        await blocker_links.deployment_moved(work, deployment, by.id)
    else:
        run_elsewhere_job.look_now(work, deployment)
        news.record(work, deployment, "stop_asked", by.id)
    await news.show(work, deployment, slot)
    await news.show_asked(work, deployment)
    await news.show_queue(work, slot)
    return deployment


async def retry(work: Work, id: str, by: Person, here: Collection[str] = ()) -> Deployment:
    """The same once more, on the approval it has, as far as those who gave it are ``here`` (ids; empty: not known).

    Raises ``Stale`` where another one has run since, ``Locked``, ``Refusal``.
    """
    deployment = await known(work, id)
    _must_be_approved_still(deployment, here)
    await approved.must_be_approved(work, deployment)
    slot = await slot_of(work, deployment.service, deployment.environment)
    _must_be_latest(deployment, slot)
    if not deployment.rolls_back and not await deploy_fixes.is_fix(work, deployment):
        await must_be_open(work, deployment.service, deployment.environment, by.id)
    was_lost = deployment.state is State.UNKNOWN
    deployment = deployment.again(work.now)
    await work.save(deployment)
    news.record(work, deployment, "retried", by.id)
    if was_lost:
        slot = await give_back(work, slot, deployment)
    slot = await start_next(work, slot)
    look_at_next_turn(work, deployment.environment)
    will_lapse(work, deployment)
    await news.show(work, deployment, slot)
    return deployment


async def roll_back(work: Work, id: str, by: Person, people: Sequence[Person] = ()) -> Deployment:
    """What was live before this deployment, brought back past every lock: at once, if it was approved and run by us
    there; else once others have approved it, of whom some of ``people`` are asked.

    Raises ``Stale`` where something else has come since, ``Refusal`` where nothing was live before.
    """
    deployment = await known(work, id)
    slot = await slot_of(work, deployment.service, deployment.environment)
    _must_be_latest(deployment, slot)
    if deployment.before is None:
        raise Refusal(f"Nothing was live before {deployment.what}, so there is nothing to roll back to.")
    if deployment.state not in (State.SUCCEEDED, State.FAILED):
        raise Stale(deployment.standing(work.now))
    await approved.must_not_wait_already(work, deployment)
    back = deployment.before
    asked = Deployment.ask(
        deployment.service,
        back.name,
        work.team.environments[deployment.environment],
        by,
        work.now,
        sha=back.sha,
        artifact=back.artifact,
        ships=_taken_back(deployment),
        before=slot.live if slot.live != back else None,
        rolls_back=deployment.id,
        unapproved=await approved.not_approved(work, deployment.service, deployment.environment, back),
    )
    rolled = await _enter(work, asked, slot, people)
    await news.show(work, deployment, await slot_of(work, deployment.service, deployment.environment))
    return rolled


@due("deploy.expire", lasting=True)
async def expire(work: Work, it: Due) -> Outcome:
    """A request that nobody decided lapses, and whoever asked is told."""
    deployment = await work.get(Deployment, it.job.args["deployment"])
    if deployment is None or deployment.state is not State.WAITING or not deployment.approval.has_lapsed(work.now):
        return Outcome.NOOP  # decided, or asked for anew with more time
    deployment = deployment.expire(work.now)
    await work.save(deployment)
    news.record(work, deployment, "expired")
    news.tell_in_thread(work, deployment, "expired", late_by=it.late_by)
    await blocker_links.deployment_moved(work, deployment)
    await news.redraw(work, deployment)
    return Outcome.DONE


async def known(work: Work, id: str) -> Deployment:
    """The deployment with this id. Raises ``Unknown`` with the newest ones."""
    return await found(work, Deployment, id, "deployment", field="deployment")


def deployable(service: Service) -> None:
    """Raises ``Refusal`` where the team file does not say how this service is deployed."""
    if service.deploy is None:
        raise Refusal(
            f"Nothing says how {service.name} is deployed. An admin adds “deploy” with its command to "
            f"“services: {service.name}:” in the team file.",
            field="service",
        )


async def _passes(work: Work, service: str, environment: str, because: str) -> Passes:
    """What a request with this reason asks to pass: the rules that its incident lets it pass, else a freeze."""
    reason = because.strip()
    by_app = work.by_app
    nothing = Passes(because=reason, overrides="", overrides_since=None, fixes="", not_by="", through_app=by_app)
    if incident := await deploy_fixes.fixed_by(work, service, reason):
        return {**nothing, "fixes": incident.id, "not_by": incident.opened_by}
    freeze = await rules.freeze_to_pass(work, service, environment) if reason else None
    return {**nothing, "overrides": freeze.key, "overrides_since": freeze.since} if freeze else nothing


def _is_more(passes: Passes, other: Deployment) -> bool:
    """Whether this asks to pass what the request that there is does not pass."""
    if fixes := passes["fixes"]:
        return fixes != other.fixes
    freeze = (passes["overrides"], passes["overrides_since"])
    return bool(freeze[0]) and freeze != (other.overrides, other.overrides_since)


async def _enter(work: Work, asked: Deployment, slot: Slot, people: Sequence[Person] = ()) -> Deployment:
    deployment = await work.add(asked)
    facts = {"rolls_back": deployment.rolls_back or None, "override": deployment.overrides or None}
    facts |= {"fixes": deployment.fixes} if deployment.fixes else {}
    news.record(work, deployment, "requested", deployment.asked_by, **facts)
    if deployment.state is State.WAITING:
        will_expire(work, deployment)
        deployment = await ask_approvers.ask(work, deployment, people)
    else:
        slot = await start_next(work, slot)
        await news.tell_whose_turn(work, slot)
    look_at_next_turn(work, deployment.environment)
    await news.show(work, deployment, slot)
    return deployment


async def _override(work: Work, deployment: Deployment, people: Sequence[Person]) -> Deployment:
    """A request from before a freeze, or before its incident was named, asked for anew to pass more."""
    await work.save(deployment)
    facts = {"fixes": deployment.fixes} if deployment.fixes else {"override": deployment.overrides}
    news.record(work, deployment, "override_asked", deployment.asked_by, **facts)
    will_expire(work, deployment)
    deployment = await ask_approvers.ask(
        work, deployment, [one for one in people if one.id not in deployment.asked]
    )
    await news.redraw(work, deployment)
    return deployment


def will_expire(work: Work, deployment: Deployment) -> None:
    """Owe a look at whether anybody has decided, for when it is too late to."""
    args = {"deployment": deployment.id}
    work.owe(Job("deploy.expire", _expiry_key(deployment), deployment.approval.expires_at, args))


def _must_be_approved_still(deployment: Deployment, here: Collection[str]) -> None:
    votes = deployment.approval.approvals
    gone = [vote.name for vote in votes if here and vote.by not in here]
    if gone and len(votes) - len(gone) < deployment.approval.needed:
        raise Refusal(
            f"{', '.join(gone)} approved {deployment.what} and left since, so that counts no more. Ask for it anew "
            f'with "/deploy {deployment.what}".'
        )


def _must_be_latest(deployment: Deployment, slot: Slot) -> None:
    if slot.latest and slot.latest != deployment.id:
        since = slot.live.name if slot.live else "something else"
        raise Stale(
            f"{slot.service} in {slot.environment} has moved on: {slot.latest} ran after {deployment.id}, "
            f"and {since} is live. Its card has the buttons now."
        )
    if slot.taken_by not in ("", deployment.id):
        raise Stale(f"{slot.taken_by} is about to run for {slot.service} in {slot.environment}. Wait for its end.")


def _taken_back(deployment: Deployment) -> Ships:
    return replace(deployment.ships, goes_back=True, since=deployment.version)


def _expiry_key(deployment: Deployment) -> str:
    # What is asked anew has a time of its own, and a job that was forgiven is owed no more.
    anew = (deployment.overrides, deployment.fixes, deployment.sent_back)
    return ":".join(["deploy.expire", deployment.id, *(str(one) for one in anew if one)])
