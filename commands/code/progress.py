"""/code start and link: who has a change, and which pull request carries it."""

from collections.abc import Sequence

from bot.core.command import Call, Place, Reply, id_of, word
from bot.core.ports import Work
from bot.stages.plan import changes
from bot.stages.plan.model.change import pull_request_named
from commands.code.command import command


@command.verb(
    "start <change>",
    "Begin to code a change; it is yours if it was nobody's",
    examples=("C-41",),
    change=id_of("C", "the change"),
)
async def start(call: Call, work: Work) -> Reply:
    """The change moves from plan to code."""
    return Reply("code/started", {"change": await changes.start(work, call.args["change"], call.by)})


async def _repository(call: Call, work: Work) -> Sequence[Place]:
    """The services whose repository has the pull request."""
    known = work.team.repositories
    change = await changes.known(work, call.args["change"])
    meant = pull_request_named(call.args["pr"], known, change.service)
    return tuple(Place(name) for name, one in known.items() if one.is_named(meant.repository, host=meant.host))


@command.verb(
    "link <change> <pr>",
    "Say which pull request carries a change",
    examples=("C-41 org/web#812", "C-41 https://github.com/org/web/pull/812"),
    change=id_of("C", "the change"),
    about=_repository,
    pr=word("the pull request: org/web#812, web#812, or its address"),
)
async def link(call: Call, work: Work) -> Reply:
    """The change and the pull request know each other."""
    change, pr = await changes.link_named(work, call.args["change"], call.args["pr"], call.by)
    return Reply("code/linked", {"change": change, "pr": pr})
