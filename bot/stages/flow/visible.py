"""Visibility: how much of a view somebody sees, by the verbs that would show them the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.core.flow import Board, LooseEnd
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.stages import Stage

# What shows how things stand in a stage, and a loose end of each kind.
_OF_STAGE: Mapping[Stage, str] = {
    Stage.PLAN: "plan.list",
    Stage.CODE: "code.blockers",
    Stage.BUILD: "build",
    Stage.TEST: "test",
    Stage.RELEASE: "release.list",
    Stage.DEPLOY: "deploy.status",
    Stage.MANAGE: "manage.list",
    Stage.MONITOR: "monitor",
}
_OF_KIND: Mapping[str, str] = {
    "blocker": "code.blockers",
    "deployment": "deploy.status",
    "flag": "release.flags",
    "incident": "monitor.incidents",
    "lock": "deploy.status",
    "roll-out": "release.flags",
    "silence": "monitor",
}


def hidden(policy: Policy, person: Person, services: Iterable[str] = ()) -> frozenset[Stage]:
    """Stages that they may not look into: for any of these services, or for all there are where none is named."""
    places = (None, *services)
    return frozenset(
        stage
        for stage, action in _OF_STAGE.items()
        if not any(policy.allows(action, None, person, service=one) for one in places)
    )


def board_for(policy: Policy, person: Person, board: Board) -> Board:
    """The board with the stages that they may look into; the very same one where they may look into all."""
    unseen = hidden(policy, person)
    if not unseen:
        return board
    return replace(board, columns=tuple(one for one in board.columns if one.stage not in unseen))


def ends_for(policy: Policy, person: Person, ends: Sequence[LooseEnd]) -> list[LooseEnd]:
    """Their own loose ends, and others' of the kinds that they may look at."""
    return [
        end
        for end in ends
        if end.owner_id == person.id or policy.allows(_OF_KIND[end.kind], None, person, service=end.service)
    ]
