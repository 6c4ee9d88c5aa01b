"""Verbs that only look: what is live, what is on its way, what was."""

from bot.core.command import Call, Reply, service
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.stages.deploy import overviews, request
from bot.stages.deploy import rules as deploy_rules
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.deploy.model.slot import Slot
from bot.stages.deploy.model.why_not import reasons
from bot.stages.deploy.queue import slot_of
from bot.team.environments import locks
from commands.deploy.command import DEPLOYMENT, ENVIRONMENT, command

SHOWN = 10  # deployments in a history
OPEN = (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)


@command.verb(
    "status [<service>]",
    "What is live where, what is on its way, and what is locked",
    examples=("", "web"),
    reads_only=True,
    opens_form=False,
    service=service("of which service; else of all"),
)
async def status(call: Call, work: Work) -> Reply:
    """One line for every service in every environment."""
    only = call.args.get("service")
    names = [only] if only else list(work.team.services)
    places = sorted(work.team.environments.values(), key=lambda one: one.order)
    slots = {slot.id: slot for name in names for slot in await work.find(Slot, service=name)}
    rows = [slots.get(f"{name}/{place.name}") or Slot.of(name, place.name) for name in names for place in places]
    coming = [one for one in await work.find(Deployment, state=OPEN) if one.service in names]
    held = [lock for lock in await locks.held(work) if lock.service is None or lock.service in names]
    return Reply("deploy/status", {"slots": rows, "coming": coming, "locks": held, "service": only})


@command.verb(
    "queue [<environment>]",
    "What runs and what waits for its turn, in order",
    examples=("", "production"),
    reads_only=True,
    opens_form=False,
    environment=ENVIRONMENT,
)
async def queue(call: Call, work: Work) -> Reply:
    """With what holds those that are held."""
    only = call.args.get("environment")
    return Reply("deploy/queue", {"queues": await overviews.queues(work, only), "environment": only})


@command.verb(
    "history <service>",
    "The last deployments of a service",
    examples=("web",),
    reads_only=True,
    service=service("of which service"),
)
async def history(call: Call, work: Work) -> Reply:
    """The newest first, with how each of them ended."""
    name = call.args["service"]
    deployments = await work.find(Deployment, service=name, limit=SHOWN)
    total = await work.count(Deployment, service=name)
    delivery = await overviews.delivery_of(work, name)
    context = {"service": name, "deployments": deployments, "total": total, "delivery": delivery}
    return Reply("deploy/history", context)


@command.verb(
    "ships <deployment>", "What it brings", hidden=True, reads_only=True, opens_form=False, deployment=DEPLOYMENT
)
async def ships(call: Call, work: Work) -> Reply:
    """Every commit of it, up to fifty, shown only to whoever asks."""
    return Reply("deploy/ships", {"deployment": await request.known(work, call.args["deployment"])})


@command.verb(
    "why <deployment>",
    "Which rule keeps a deployment from starting, or you from approving it",
    examples=("D-12",),
    reads_only=True,
    opens_form=False,
    deployment=DEPLOYMENT,
)
async def why(call: Call, work: Work) -> Reply:
    """Each rule by the name under which it can be found and changed."""
    deployment = await request.known(work, call.args["deployment"])
    slot = await slot_of(work, deployment.service, deployment.environment)
    ahead = await work.get(Deployment, slot.taken_by) if slot.taken_by not in ("", deployment.id) else None
    found = await deploy_rules.standing_against(work, deployment)
    where = deploy_rules.environment_of(work, deployment.environment)
    rules = reasons(deployment, where, Policy(work.team), call.by, found, ahead, work.now)
    standing = deployment.standing(work.now)
    return Reply("deploy/why", {"deployment": deployment, "reasons": rules, "standing": standing})
