"""Privileged user groups: those whose members get something by the team file, and who may change who is in them."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.refusals import NotAllowed
from bot.core.team import Team

# Verbs that put somebody of a person's choice on call, and so into the rotation's user group.
MOVING = ("monitor.cover", "monitor.swap")


@runtime_checkable
class AsksGroups(Protocol):
    """A part of the team file that asks whoever is in a user group, such as its stand-ups."""

    def asked_in(self, group: str) -> Sequence[str]:
        """Names of those that ask this group."""
        ...


def named_by(team: Team, group: str, standups: Iterable[str] = ()) -> tuple[str, ...]:
    """What the group's members get something from: "the role release", "the owners of web", "the stand-up Team web".

    ``standups`` are names of further stand-ups that ask it: those that people set up in Slack.
    """
    roles = [f"the role {name}" for name, role in team.roles.items() if group in role.groups]
    owners = [f"the owners of {name}" for name, service in team.services.items() if group in service.owners]
    asking = [part for part in team.parts.values() if isinstance(part, AsksGroups)]
    asked = [name for part in asking for name in part.asked_in(group)]
    return (*roles, *owners, *(f"the stand-up {name}" for name in dict.fromkeys((*asked, *standups))))


def may_change(team: Team, person: Person, services: Iterable[str], *verbs: str) -> bool:
    """Whether a rule gives the person one of these verbs by its name, for every one of the services.

    ``monitor.*`` is not enough, nor is a rule for all members: whoever wrote those thought of alerts, and not of who
    approves.
    """
    policy = Policy(team)
    return any(
        all(policy.gives_by_name(verb, person, service) for service in (*services,) or (None,)) for verb in verbs
    )


def must_change(team: Team, person: Person, services: Iterable[str], verb: str, group: str, by: str) -> None:
    """Nothing, where ``may_change``. Raises ``NotAllowed``; ``by`` is what it belongs to."""
    if not may_change(team, person, services, verb):
        raise NotAllowed(
            f"Whoever is on call there is put into the user group {group}, which belongs to {by}. "
            f"So {verb} is only for those to whom a rule of the policy gives it by name. Ask an admin."
        )
