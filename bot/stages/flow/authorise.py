"""Authorisation of one call: what it is about, thing by thing, and whether the policy allows it for each of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.core.command import Answer, Call, Kind, Verb
from bot.core.find_or_refuse import found
from bot.core.policy import Place, Policy
from bot.core.ports import Work
from bot.stages.code import blockers
from bot.stages.code.model.blocker import Blocker
from bot.stages.code.model.idea import Idea
from bot.stages.deploy import request
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flags import flags, rollouts
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.manage import feedback
from bot.stages.manage.model.feedback import Concern, Feedback
from bot.stages.monitor import cards, incidents, silences
from bot.stages.monitor.model.alert_group import AlertGroup
from bot.stages.monitor.model.incident import Incident
from bot.stages.monitor.model.page import Page
from bot.stages.monitor.model.silence import Silence
from bot.stages.plan import changes
from bot.stages.plan.model.change import Change
from bot.stages.release import draft_and_approve as releases
from bot.stages.release.model.release import Release
from bot.stages.standup.model.round import Round
from bot.team.environments.model.lock import Lock
from bot.team.oncall.model.rotation import Cover, Rotation

NOWHERE = (Place(),)  # a thing of no service, in no environment

Find = Callable[[Work, str], Awaitable[Sequence[Place]]]


async def perform(verb: Verb, call: Call, work: Work) -> Answer:
    """The deed of a call, where the policy allows it for everything that the call is about."""
    await permit(verb, call, work)
    work.by_app = call.by_app
    return await verb.handle(call, work)


async def permit(verb: Verb, call: Call, work: Work) -> None:
    """Nothing, where the caller may do this to everything that it is about. Raises ``NotAllowed``, ``Unknown``.

    Asked in the transaction of the deed, before it, so that what was allowed is what is done.
    """
    policy = Policy(work.team)
    for place in await places_of(verb, call, work):
        for action in (verb.action, *verb.also):
            policy.check(action, place.environment, call.by, service=place.service)


async def places_of(verb: Verb, call: Call, work: Work) -> Sequence[Place]:
    """Everything that a call is about: what its ids name, and what the verb says or its arguments say besides."""
    found: list[Place] = []
    for name, parameter in verb.parameters.items():
        if parameter.kind is Kind.ID and parameter.prefix in BY_PREFIX and call.args.get(name):
            found += await BY_PREFIX[parameter.prefix](work, str(call.args[name]))
    found += await verb.about(call, work) if verb.about else said(verb, call.args)
    return tuple(dict.fromkeys(found)) or NOWHERE


async def of_button(work: Work, action: str, value: str) -> Sequence[Place]:
    """What a button is about whose value begins with an id, such as "D-12 9f3c2a1" or "about B-7"."""
    id = value.removeprefix("about ").split()[0].partition("/")[0]
    if action.startswith("release.roll-out-"):
        return await of_rollout(work, id)
    if id.startswith(f"{Page.PREFIX}-"):
        return await of_page(work, id)
    return await BY_PREFIX[id.partition("-")[0]](work, id)


def said(verb: Verb, args: Mapping[str, Any]) -> Sequence[Place]:
    """What the arguments themselves say: a service, an environment, or a service in an environment."""
    service, environment = _named(verb, args, Kind.SERVICE), _named(verb, args, Kind.ENVIRONMENT)
    return (Place(service, environment),) if service or environment else ()


def names_nothing(verb: Verb) -> bool:
    """Whether what a call is about is said by its arguments alone, so that nothing need be loaded."""
    return verb.about is None and all(one.kind is not Kind.ID for one in verb.parameters.values())


def may_name_services(verb: Verb) -> bool:
    """Whether a call can be about a service at all, so that the role ``owners`` can be anybody."""
    return verb.about is not None or any(one.kind in {Kind.SERVICE, Kind.ID} for one in verb.parameters.values())


def unresolved(verb: Verb) -> list[str]:
    """Parameters that hold an id of which nobody says what it is about: a mistake in the verb's declaration."""
    ids = [name for name, one in verb.parameters.items() if one.kind is Kind.ID and one.prefix not in BY_PREFIX]
    return [] if verb.about else ids


async def of_alert(work: Work, id: str) -> Sequence[Place]:
    """Where an alert fires."""
    group = await cards.find(work, id)
    return (Place(group.service, group.environment),)


async def of_rotation(work: Work, name: str) -> Sequence[Place]:
    """The services that a rotation is on call for; one for all of them belongs to no service."""
    rotation = await work.get(Rotation, name.strip())
    return of_services(rotation.rota.services if rotation else ())


async def of_page(work: Work, id: str) -> Sequence[Place]:
    """The services of the rotation that was called."""
    return await of_rotation(work, (await found(work, Page, id, "page", field="page")).team)


async def of_rollout(work: Work, id: str) -> Sequence[Place]:
    """Where a roll-out goes on."""
    plan = await rollouts.known_rollout(work, id)
    return (Place(plan.service, plan.environment),)


async def of_remark(work: Work, id: str) -> Sequence[Place]:
    """What feedback or a concern is about."""
    return (Place((await feedback.known(work, id)).service),)


async def of_silence(work: Work, named: str) -> Sequence[Place]:
    """Every alert that a silence keeps quiet: the one that it was asked for on, and what it mutes besides."""
    silence = await silences.known(work, named)
    group = await cards.find(work, silence.group_id)
    return await of_muted(work, group, silence.matchers)


async def of_muted(work: Work, group: AlertGroup, matchers: Sequence[Any]) -> Sequence[Place]:
    """Where alerts fire, or lately fired, that these matchers would mute: this one and others."""
    also = await silences.reach(work, group, matchers)
    return tuple(Place(one.service, one.environment) for one in (group, *also.open, *also.recent))


def of_services(names: Iterable[str]) -> Sequence[Place]:
    """These services; of none, a thing that has no service."""
    return tuple(Place(name) for name in names) or NOWHERE


async def _change(work: Work, id: str) -> Sequence[Place]:
    return (Place((await changes.known(work, id)).service),)


async def _deployment(work: Work, id: str) -> Sequence[Place]:
    deployment = await request.known(work, id)
    return (Place(deployment.service, deployment.environment),)


async def _release(work: Work, id: str) -> Sequence[Place]:
    return (Place((await releases.known(work, id)).service),)


async def _flag_change(work: Work, id: str) -> Sequence[Place]:
    change = await flags.known_change(work, id)
    return (Place(change.service, change.environment),)


async def _incident(work: Work, id: str) -> Sequence[Place]:
    """Its service where its alerts fire; without a service of its own, theirs."""
    incident = await incidents.known(work, id)
    groups = [group for one in incident.alerts if (group := await work.get(AlertGroup, one))]
    return tuple(Place(incident.service or one.service, one.environment) for one in groups) or (
        Place(incident.service),
    )


async def _lock(work: Work, id: str) -> Sequence[Place]:
    lock = await found(work, Lock, id, "lock", field="lock")
    return (Place(lock.service, lock.environment),)


async def _cover(work: Work, id: str) -> Sequence[Place]:
    return await of_rotation(work, (await found(work, Cover, id, "cover", field="cover")).rotation)


async def _blocker(work: Work, id: str) -> Sequence[Place]:
    """The service that it was said of, and that of the change that it holds up."""
    blocker = await blockers.known(work, id)
    change = await work.get(Change, blocker.change_id) if blocker.change_id else None
    return of_services(dict.fromkeys(name for name in (blocker.service, change and change.service) if name))


async def _nowhere(_work: Work, _id: str) -> Sequence[Place]:
    return NOWHERE


# By the letters of an id. Pages and roll-outs share theirs, so verbs about either say which with ``about``.
BY_PREFIX: Mapping[str, Find] = {
    AlertGroup.PREFIX: of_alert,
    Blocker.PREFIX: _blocker,
    Change.PREFIX: _change,
    Concern.PREFIX: of_remark,
    Cover.PREFIX: _cover,
    Deployment.PREFIX: _deployment,
    Feedback.PREFIX: of_remark,
    FlagChange.PREFIX: _flag_change,
    Idea.PREFIX: _nowhere,
    Incident.PREFIX: _incident,
    Lock.PREFIX: _lock,
    Release.PREFIX: _release,
    Round.PREFIX: _nowhere,
    Silence.PREFIX: of_silence,
    "": of_remark,
}


def _named(verb: Verb, args: Mapping[str, Any], kind: Kind) -> str | None:
    """The service or environment that was said: by a parameter of that kind, or a field of that name in a form."""
    names = (name for name, parameter in verb.parameters.items() if parameter.kind is kind)
    return next((str(args[name]) for name in (*names, kind.value) if args.get(name)), None)
