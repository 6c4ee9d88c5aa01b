"""A person's Home tab: what waits for them, what is theirs, the flow, and loose ends."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.dead_letters import DeadLetter
from bot.core.find_or_refuse import every
from bot.core.flow import Board, LooseEnd
from bot.core.messages import Home
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Work
from bot.core.refusals import Unknown
from bot.stages.code.blockers import of_changes
from bot.stages.code.model.blocker import Blocker, BlockerState
from bot.stages.deploy.model.deployment import Deployment, State
from bot.stages.flags import unfinished
from bot.stages.flow import authorise, visible, waiting_for_me
from bot.stages.flow.board import board
from bot.stages.flow.loose_ends import loose_ends
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.plan.model.change import Change, ChangeState
from bot.stages.standup.model.answer import StandupAnswer
from bot.stages.standup.model.round import Round, RoundState
from bot.team.oncall import rotations


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that only this person (or few others) can do, and the button that does it.

    ``may`` tells whether the policy lets them press it; else it is not drawn.
    """

    what: str
    button: str
    action: str
    value: str
    until: datetime | None = None
    may: bool = True


@dataclass(frozen=True, slots=True)
class HomeView:
    """Everything that the Home tab shows. ``board`` is None for whoever may not see it."""

    waiting: tuple[Waiting, ...]
    mine: tuple[Change, ...]
    blocked: frozenset[str]
    board: Board | None
    loose_ends: tuple[LooseEnd, ...]
    dead_letters: tuple[DeadLetter, ...]  # the newest
    dead: int  # how many there are in all
    is_admin: bool


async def show(work: Work, person: Person) -> None:
    """Make the Home tab show how things stand for this person."""
    work.say(Home(person.id, "home/tab", {"view": await view(work, person)}))


async def view(work: Work, person: Person) -> HomeView:
    """How things stand for this person, as far as the policy lets them see it; what waits for them they see anyhow."""
    policy = Policy(work.team)
    to_unblock = await work.find(Blocker, unblocker_id=person.id, state=BlockerState.OPEN)
    own = await work.find(Blocker, owner_id=person.id, state=BlockerState.OPEN)
    mine = await work.find(Change, state=ChangeState.OPEN, owner_id=person.id, limit=20)
    waiting = [
        *await _approvals(work, person),
        *[Waiting(*one) for one in await unfinished.to_approve(work, person)],
        *await _rounds(work, person),
        *[_unblock(one) for one in to_unblock],
        *[_ask_somebody(one) for one in own if one.with_id == one.owner_id],
        *await _alerts(work, person),
        *[Waiting(*one) for one in await waiting_for_me.of(work, person)],
    ]
    drawn = [replace(one, may=await _may(work, policy, one, person)) for one in waiting]
    ends = await loose_ends(work)
    own = [end for end in ends if end.owner_id == person.id]
    tries_again = person.is_admin and policy.allows("loose-ends.revive", None, person)
    return HomeView(
        waiting=tuple(sorted(drawn, key=lambda one: (one.until is None, one.until or work.now))),
        mine=tuple(mine),
        blocked=frozenset(
            one.change_id for one in await of_changes(work, [one.id for one in mine]) if one.change_id
        ),
        board=visible.board_for(policy, person, await board(work)) if policy.allows("flow", None, person) else None,
        loose_ends=tuple(
            visible.ends_for(policy, person, ends) if policy.allows("loose-ends", None, person) else own
        ),
        dead_letters=tuple(await work.dead_letters()) if tries_again else (),
        dead=sum((await work.dead_letter_counts()).values()) if tries_again else 0,
        is_admin=tries_again,
    )


async def _may(work: Work, policy: Policy, one: Waiting, person: Person) -> bool:
    """Whether the policy would let them press the button."""
    try:
        about = await authorise.of_button(work, one.action, one.value)
    except Unknown:  # the rotation that was called is no more, say
        return False
    return all(policy.allows_at(one.action, place, person) for place in about)


async def _approvals(work: Work, person: Person) -> list[Waiting]:
    """Deployments that this person may decide about, has not asked for, and has not decided about."""
    asked = await every(work, Deployment, state=State.WAITING)
    policy = Policy(work.team)
    return [
        Waiting(
            one.what,
            f"Approve {one.service} {one.version}"[:75],
            "deploy.approve",
            one.bound,
            one.approval.expires_at,
        )
        for one in asked
        if one.asked_by != person.id
        and all(vote.by != person.id for vote in one.approval.votes)
        and policy.allows("deploy.approve", one.environment, person, service=one.service)
    ]


async def _rounds(work: Work, person: Person) -> list[Waiting]:
    """Stand-ups that have asked this person and got no answer."""
    waiting: list[Waiting] = []
    for one in await every(work, Round, state=RoundState.OPEN):
        prompt = one.prompt_for(person.id)
        is_asked = person.id in one.people and (prompt is None or prompt.at <= work.now)
        if is_asked and await work.get(StandupAnswer, f"{one.id}/{person.id}") is None:
            what = f"{one.name or 'Stand-up'} {one.day:%a %-d %b}"
            waiting.append(Waiting(what, "Answer the stand-up", "standup.answer", one.id, one.until(person.id)))
    return waiting


def _unblock(blocker: Blocker) -> Waiting:
    return Waiting(f"{blocker.id} {blocker.what}", f"Unblocked {blocker.id}", "code.unblock", blocker.id)


def _ask_somebody(blocker: Blocker) -> Waiting:
    what = f"{blocker.id} {blocker.what} (nobody is asked)"
    return Waiting(what, f"Ask somebody about {blocker.id}", "code.ask", f"about {blocker.id}")


async def _alerts(work: Work, person: Person) -> list[Waiting]:
    """Alerts on services that this person owns and nobody is on."""
    on_call = {one.id for one in await rotations.rotations(work) if one.on_call == person.id}
    owned = {n for n, s in work.team.services.items() if person.id in s.owners or person.groups & set(s.owners)}
    groups = await every(work, AlertGroup, state="firing")
    return [
        Waiting(f"{one.id} {one.name} fires", f"Acknowledge {one.id}", "monitor.ack", one.id)
        for one in groups
        if one.acknowledged is None and one.silenced_until is None
        if one.service in owned or (one.is_critical and await _is_mine(work, one, on_call))
    ]


async def _is_mine(work: Work, group: AlertGroup, on_call: set[str]) -> bool:
    """Whether a rotation in which this person is on call is the one for it."""
    rotation = await rotations.rotation_for(work, group.service) if on_call else None
    return rotation is not None and rotation.id in on_call
