"""Verbs that keep an environment still for a while."""

from bot.command import Call, Reply, service, text, when
from bot.domain.locks import Lock
from bot.domain.ports import Work
from bot.workflows import locks
from commands.deploy.declared import ENVIRONMENT, command


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


def _about_lock(lock: Lock) -> Reply:
    return Reply("deploy/lock", {"lock": lock})
