"""/deploy: bring a version somewhere, with somebody else's yes, and see it happen."""

from bot.command import Call, Command, Reply, choice, environment, id_of, service, text, when, word
from bot.domain.access import Policy
from bot.domain.approvals import Decision
from bot.domain.deployments import Deployment, Slot, State
from bot.domain.locks import Lock
from bot.domain.ports import Tools, Work
from bot.domain.stages import Stage
from bot.workflows import deploy, deploy_look, deploy_run, locks
from bot.workflows.deploy_news import channel_of

command = Command("deploy", "Bring a version of a service to an environment", stage=Stage.DEPLOY)

SHOWN = 10  # deployments in a history
DEPLOYMENT = id_of("D", "the deployment, such as D-12")
ENVIRONMENT = environment("which environment")
OPEN = (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)


async def _look(call: Call, tools: Tools) -> deploy_look.Found:
    args = call.args
    return await deploy_look.look(tools, args["service"], args["version"], args["environment"])


@command.verb(
    "<service> <version> to <environment> [because <reason>]",
    "Ask for a deployment; it starts once enough others have approved",
    examples=("web v1.4.0 to production", "web main to staging because Priya wants to see it"),
    prepare=_look,
    service=service("which service"),
    version=word("which version: a tag, a branch or a commit"),
    environment=ENVIRONMENT,
    reason=text("why, for those who approve"),
)
async def request(call: Call, work: Work) -> Reply:
    """The card in the deploy channel says it all; asked elsewhere, the caller is told where it is."""
    args = call.args
    deployment = await deploy.request(
        work,
        args["service"],
        args["version"],
        args["environment"],
        call.by,
        because=args.get("reason", ""),
        sha=call.prepared.sha,
        ships=call.prepared.ships,
    )
    return Reply("deploy/requested", {"deployment": deployment, "channel": channel_of(work, deployment)})


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
    "lock <environment> [for <service>] [until <end>] [because <reason>]",
    "Let nobody else deploy there for a while (four hours, if you name no end)",
    examples=("production until 17:00 because the sale starts", "staging for web"),
    environment=ENVIRONMENT,
    service=service("only this service; else all of them"),
    end=when("until when"),
    reason=text("why, for those who are stopped by it"),
)
async def lock(call: Call, work: Work) -> Reply:
    """A card in the deploy channel says whose lock it is, why and until when."""
    args = call.args
    placed = await locks.place(
        work,
        args["environment"],
        call.by,
        service=args.get("service"),
        until=args.get("end"),
        reason=args.get("reason", ""),
    )
    return _about_lock(placed)


@command.verb(
    "unlock <environment> [for <service>]",
    "Take a lock off; its owner is told if it is somebody else's",
    examples=("production", "staging for web"),
    environment=ENVIRONMENT,
    service=service("only the lock on this service"),
)
async def unlock(call: Call, work: Work) -> Reply:
    """What waited for the lock starts."""
    return _about_lock(
        await locks.take_off(work, call.args["environment"], call.by, service=call.args.get("service"))
    )


@command.verb(
    "approve <deployment>", "Say yes to a deployment", hidden=True, opens_form=False, deployment=DEPLOYMENT
)
async def approve(call: Call, work: Work) -> None:
    """The card says who, and starts when nothing is missing."""
    await _permitted(call, work, "approve")
    await deploy.decide(work, call.args["deployment"], Decision.APPROVE, call.by)


@command.verb("refuse <deployment>", "Say no to a deployment", hidden=True, opens_form=False, deployment=DEPLOYMENT)
async def refuse(call: Call, work: Work) -> None:
    """The card says who, and whoever asked is told in its thread."""
    await _permitted(call, work, "refuse")
    await deploy.decide(work, call.args["deployment"], Decision.REFUSE, call.by)


@command.verb(
    "cancel <deployment>", "Take a request back, or stop", hidden=True, opens_form=False, deployment=DEPLOYMENT
)
async def cancel(call: Call, work: Work) -> None:
    """Nothing starts any more; a command that runs is stopped."""
    await _permitted(call, work, "cancel")
    await deploy.cancel(work, call.args["deployment"], call.by)


@command.verb("retry <deployment>", "Run it once more", hidden=True, opens_form=False, deployment=DEPLOYMENT)
async def retry(call: Call, work: Work) -> None:
    """The same version, on the approval that it has."""
    await _permitted(call, work, "retry")
    await deploy.retry(work, call.args["deployment"], call.by)


@command.verb(
    "rollback <deployment>", "Bring back what was live", hidden=True, opens_form=False, deployment=DEPLOYMENT
)
async def rollback(call: Call, work: Work) -> None:
    """A new card for the version that was live before."""
    await _permitted(call, work, "rollback")
    await deploy.roll_back(work, call.args["deployment"], call.by)


@command.verb(
    "settle <deployment> <outcome>",
    "Say how an interrupted deployment ended",
    hidden=True,
    opens_form=False,
    deployment=DEPLOYMENT,
    outcome=choice("live", "failed"),
)
async def settle(call: Call, work: Work) -> None:
    """A person looked, and says whether it is live."""
    await _permitted(call, work, "settle")
    await deploy_run.settle(work, call.args["deployment"], call.by, is_live=call.args["outcome"] == "live")


@command.verb(
    "ships <deployment>", "What it brings", hidden=True, reads_only=True, opens_form=False, deployment=DEPLOYMENT
)
async def ships(call: Call, work: Work) -> Reply:
    """Every commit of it, up to fifty, shown only to whoever asks."""
    return Reply("deploy/ships", {"deployment": await deploy.known(work, call.args["deployment"])})


async def _permitted(call: Call, work: Work, verb: str) -> None:
    """Check the policy where the deployment goes to: a button names the deployment and not the environment."""
    deployment = await deploy.known(work, call.args["deployment"])
    Policy(work.team).check(f"deploy.{verb}", deployment.environment, call.by, service=deployment.service)


def _about_lock(lock: Lock) -> Reply:
    return Reply("deploy/lock", {"lock": lock})
