"""Verbs that keep an environment still for a while: one's own lock, and a freeze that is for everybody."""

from bot.core.command import Call, Reply, id_of, service, text, when
from bot.core.ports import Work
from bot.team.environments import locks
from bot.team.environments.model.lock import Lock, LockKind
from commands.deploy.command import ENVIRONMENT, command

LOCK = id_of("L", "the lock, such as L-3")


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
    return _about(placed)


@command.verb(
    "unlock <environment> [for <service>]",
    "Take a lock off; its owner is told if it is somebody else's",
    examples=("production", "staging for web"),
    environment=ENVIRONMENT,
    service=service("only the lock on this service"),
)
async def unlock(call: Call, work: Work) -> Reply:
    """What waited for the lock starts."""
    return _about(await locks.take_off(work, call.args["environment"], call.by, service=call.args.get("service")))


@command.verb(
    "steal <environment> [for <service>] because <reason>",
    "Make somebody else's lock your own; they are told why",
    examples=("production because the fix for INC-7 is mine",),
    environment=ENVIRONMENT,
    service=service("only the lock on this service"),
    reason=text("why, for whoever had it"),
)
async def steal(call: Call, work: Work) -> Reply:
    """It ends when the old one would have."""
    args = call.args
    return _about(
        await locks.steal(work, args["environment"], call.by, args["reason"], service=args.get("service"))
    )


@command.verb(
    "freeze <environment> until <end> [for <service>] because <reason>",
    "Let nobody deploy there, but with a reason and a second person",
    examples=("production until Mon 09:00 because the release is audited",),
    environment=ENVIRONMENT,
    end=when("until when"),
    service=service("only this service; else all of them"),
    reason=text("why, for those who are stopped by it"),
)
async def freeze(call: Call, work: Work) -> Reply:
    """A card in the deploy channel says why and until when; rollbacks pass."""
    args = call.args
    placed = await locks.place(
        work,
        args["environment"],
        call.by,
        service=args.get("service"),
        until=args["end"],
        reason=args["reason"],
        kind=LockKind.FREEZE,
    )
    return _about(placed)


@command.verb(
    "thaw <environment> [for <service>]",
    "End a freeze that somebody set",
    examples=("production",),
    environment=ENVIRONMENT,
    service=service("only the freeze of this service"),
)
async def thaw(call: Call, work: Work) -> Reply:
    """What waited for its end starts."""
    service_name = call.args.get("service")
    thawed = await locks.take_off(
        work, call.args["environment"], call.by, service=service_name, kind=LockKind.FREEZE
    )
    return _about(thawed)


@command.verb("extend <lock>", "Hold a lock an hour longer", hidden=True, opens_form=False, lock=LOCK)
async def extend(call: Call, work: Work) -> Reply:
    """Its owner is asked again before the new end."""
    return _about(await locks.extend(work, call.args["lock"], call.by))


@command.verb("let-end <lock>", "Let a lock end when it ends", hidden=True, opens_form=False, lock=LOCK)
async def let_end(call: Call, work: Work) -> Reply:
    """Nothing changes, and the question is gone."""
    return _about(await locks.let_end(work, call.args["lock"], call.by))


def _about(lock: Lock) -> Reply:
    return Reply("deploy/lock", {"lock": lock})
