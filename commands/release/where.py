"""What calls about flags and roll-outs are about: whose flag it is, and where it is changed."""

from collections.abc import Sequence

from bot.core.command import Call, Place
from bot.core.ports import Work
from bot.stages.flags.places import environment_meant, known
from bot.stages.flow import authorise


async def flag_named(call: Call, work: Work) -> Sequence[Place]:
    """The service whose flag it is."""
    return (Place((await known(work, call.args["key"])).service),)


async def flag_there(call: Call, work: Work) -> Sequence[Place]:
    """The service whose flag it is, in the environment that is meant where none is named too."""
    where = environment_meant(work, call.args.get("environment"))
    return (Place((await known(work, call.args["key"])).service, where.name),)


async def rollout_named(call: Call, work: Work) -> Sequence[Place]:
    """Where the roll-out goes on."""
    return await authorise.of_rollout(work, call.args["rollout"])
