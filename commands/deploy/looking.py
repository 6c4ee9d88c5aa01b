"""Verbs that only look: what is live, what is on its way, what was."""

from bot.command import Call, Reply, service
from bot.domain.deployments import Deployment, Slot, State
from bot.domain.ports import Work
from bot.workflows import deploy, locks
from commands.deploy.declared import DEPLOYMENT, command

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
    return Reply("deploy/history", {"service": name, "deployments": deployments, "total": total})


@command.verb(
    "ships <deployment>", "What it brings", hidden=True, reads_only=True, opens_form=False, deployment=DEPLOYMENT
)
async def ships(call: Call, work: Work) -> Reply:
    """Every commit of it, up to fifty, shown only to whoever asks."""
    return Reply("deploy/ships", {"deployment": await deploy.known(work, call.args["deployment"])})
