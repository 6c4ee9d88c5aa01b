"""Who may do what, and where: the policy of the team file, and what holds where it says nothing.

The most specific rule decides: one that names the verb exactly goes before ``deploy.*``, and that before ``*``;
among those, one that names the environment goes before one for all of them. Rules that are equally specific add up.
A verb that no rule matches is for full members of the workspace; guests, people from other workspaces and other bots
may do only what a rule gives to them by name (``guests``, ``everyone``, or a role that lists them).
"""

from dataclasses import dataclass

from bot.domain.people import Person
from bot.domain.refusals import NotAllowed
from bot.domain.team import Rule, Team

WIDE = frozenset({"everyone", "members", "guests"})  # built-in roles that nobody was chosen for


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of a team file, asked."""

    team: Team

    def check(self, action: str, environment: str | None, person: Person, *, service: str | None = None) -> None:
        """Nothing, where the person may do this. Raises ``NotAllowed``, which names the rule.

        ``action`` is a verb's (``deploy.approve``). Without a service, the role ``owners`` means owners of any.
        """
        rules = self._deciding(action, environment)
        if rules:
            if any(self._is_in(person, role, service) for rule in rules for role in rule.roles):
                return
            names = " and ".join(rule.name for rule in rules)
            roles = list(dict.fromkeys(role for rule in rules for role in rule.roles))
            whom = " or ".join(_called(role, service) for role in roles) or "nobody"
            where = f" in {environment}" if environment else ""
            raise NotAllowed(f"{names}: {action}{where} is for {whom}. Ask one of them to do it.")
        if not person.is_member:
            raise NotAllowed(
                f"{action} is for full members of this workspace, and you are {_what(person)}. "
                "Ask a member to do it, or an admin for a rule in the policy."
            )

    def allows(self, action: str, environment: str | None, person: Person, *, service: str | None = None) -> bool:
        """Whether ``check`` would raise nothing."""
        try:
            self.check(action, environment, person, service=service)
        except NotAllowed:
            return False
        return True

    def gives_by_name(self, action: str, person: Person, service: str | None = None) -> bool:
        """Whether a rule names this very verb, everywhere, and a role of it that is not everybody's is the person's.

        For what must not come with a rule that is about something else: ``monitor.*``, or one for all members.
        """
        named = [rule for rule in self.team.policy if action in rule.verbs and not rule.environments]
        roles = {role for rule in named for role in rule.roles} - WIDE
        return any(self._is_in(person, role, service) for role in roles)

    def roles_for(self, action: str, environment: str | None) -> tuple[str, ...]:
        """Roles of the rules that decide about this, as the team file names them; ``members`` where none does."""
        roles = [role for rule in self._deciding(action, environment) for role in rule.roles]
        return tuple(dict.fromkeys(roles)) or ("members",)

    def allows_somewhere(self, action: str, person: Person) -> bool:
        """Whether the person may do this in any environment, or without one: what help shows."""
        return any(self.allows(action, where, person) for where in (None, *self.team.environments))

    def _deciding(self, action: str, environment: str | None) -> list[Rule]:
        """The most specific of the rules that match."""
        ranked = [
            (rank, rule) for rule in self.team.policy if (rank := _specific(rule, action, environment)) is not None
        ]
        best = max((rank for rank, _ in ranked), default=None)
        return [rule for rank, rule in ranked if rank == best]

    def _is_in(self, person: Person, role: str, service: str | None) -> bool:
        match role:
            case "everyone":
                is_in = True
            case "members":
                is_in = person.is_member
            case "guests":
                is_in = person.is_guest and not person.is_stranger and not person.is_bot
            case "admins":
                is_in = person.is_admin and person.is_member
            case "owners":
                is_in = self._owns(person, service)
            case _:
                named = self.team.roles.get(role)
                is_in = named is not None and (
                    person.id in named.people or not person.groups.isdisjoint(named.groups)
                )
        return is_in and not person.is_gone

    def _owns(self, person: Person, service: str | None) -> bool:
        if service is None:
            services = list(self.team.services.values())
        else:
            known = self.team.services.get(service)
            services = [known] if known else []
        who = {person.id, *person.groups}
        return any(not who.isdisjoint(each.owners) for each in services)


def _specific(rule: Rule, action: str, environment: str | None) -> tuple[int, bool] | None:
    """How exactly the rule names this; None where it is about something else."""
    if rule.environments and environment not in rule.environments:
        return None
    ranks = [rank for verb in rule.verbs if (rank := _verb_rank(verb, action)) is not None]
    return (max(ranks), bool(rule.environments)) if ranks else None


def _verb_rank(verb: str, action: str) -> int | None:
    if verb == action:
        return 2
    command = action.partition(".")[0]
    if verb == f"{command}.*":
        return 1
    return 0 if verb == "*" else None


def _called(role: str, service: str | None) -> str:
    if role == "owners":
        return f"the owners of {service}" if service else "owners of a service"
    return f"the {role} role" if role not in {"members", "admins", "guests", "everyone"} else role


def _what(person: Person) -> str:
    if person.is_gone:
        return "deactivated"
    if person.is_bot:
        return "a bot"
    return "from another workspace" if person.is_stranger else "a guest"
