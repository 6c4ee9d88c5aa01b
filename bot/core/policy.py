"""Who may do what, and where: the policy of the team file, and what holds where it says nothing.

The most specific rule decides: one that names the verb exactly goes before ``deploy.*``, and that before ``*``;
among those, one that names the environment goes before one for all of them. Rules that are equally specific add up.
A verb that no rule matches is for full members of the workspace; guests, people from other workspaces and other bots
may do only what a rule gives to them by name (``guests``, ``everyone``, or a role that lists them).
``owners`` are those of the service that it is about; what is about no service has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.people import Person
from bot.core.refusals import NotAllowed
from bot.core.team import Rule, Team

WIDE = frozenset({"everyone", "members", "guests"})  # built-in roles that nobody was chosen for


@dataclass(frozen=True, slots=True)
class Place:
    """What something is about, as far as the policy asks: of which service, and in which environment."""

    service: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of a team file, asked."""

    team: Team

    def check(self, action: str, environment: str | None, person: Person, *, service: str | None = None) -> None:
        """Nothing, where the person may do this. Raises ``NotAllowed``, which names the rule.

        ``action`` is a verb's (``deploy.approve``). Without a service, the role ``owners`` is nobody.
        """
        rules = self._deciding(action, environment)
        if rules:
            if not any(self._is_in(person, role, service) for rule in rules for role in rule.roles):
                raise NotAllowed(_refused(rules, action, environment, service))
        elif not person.is_member:
            raise NotAllowed(_not_member(action, person))

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

    def has_rule(self, action: str) -> bool:
        """Whether the team file says anything about this, in whichever environment."""
        return bool(self.team.rules_about(action))

    def grounds(
        self, action: str, environment: str | None, person: Person, *, service: str | None
    ) -> dict[str, str]:
        """By what the person may do this, now, for the ledger: rules, roles of theirs, and groups that give those."""
        rules = self._deciding(action, environment)
        roles = [role for role in self.roles_for(action, environment) if self._is_in(person, role, service)]
        owned = self.team.services.get(service or "")
        owners = owned.owners if owned and "owners" in roles else ()
        named = [self.team.roles[role] for role in roles if role in self.team.roles]
        giving = {*owners, *(group for role in named for group in role.groups)}
        found = {
            "rules": ", ".join(rule.name for rule in rules),
            "roles": ", ".join(roles),
            "groups": ", ".join(sorted(giving & person.groups)),
        }
        return {name: value for name, value in found.items() if value}

    def roles_for(self, action: str, environment: str | None) -> tuple[str, ...]:
        """Roles of the rules that decide about this, as the team file names them; ``members`` where none does."""
        roles = [role for rule in self._deciding(action, environment) for role in rule.roles]
        return tuple(dict.fromkeys(roles)) or ("members",)

    def allows_at(self, action: str, place: Place, person: Person) -> bool:
        """Whether the person may do this to something that is there."""
        return self.allows(action, place.environment, person, service=place.service)

    def allows_somewhere(self, action: str, person: Person) -> bool:
        """Whether the person may do this to any service in any environment, or to none: what help shows.

        Reads each rule and asks about each role once, so that it may be asked of every verb at every gesture.
        """
        matching, asked = self.team.rules_about(action), dict[str, bool]()
        for where in (None, *self.team.environments):
            rules = _most_specific(matching, where)
            if not rules and person.is_member:
                return True
            for role in (role for rule in rules for role in rule.roles):
                if role not in asked:
                    asked[role] = self._is_in_somewhere(person, role)
                if asked[role]:
                    return True
        return False

    def services_for(self, action: str, person: Person) -> list[str]:
        """The services for which the person may do this somewhere: what a form offers."""
        deciding = [self._deciding(action, where) for where in (None, *self.team.environments)]
        if person.is_member and not all(deciding):
            return list(self.team.services)
        roles = dict.fromkeys(role for rules in deciding for rule in rules for role in rule.roles)
        return [name for name in self.team.services if any(self._is_in(person, role, name) for role in roles)]

    def environments_for(self, action: str, person: Person) -> list[str]:
        """The environments in which the person may do this to some service: what a form offers."""
        found: list[str] = []
        for where in self.team.environments:
            rules = self._deciding(action, where)
            gives = any(self._is_in_somewhere(person, role) for rule in rules for role in rule.roles)
            if gives or (not rules and person.is_member):
                found.append(where)
        return found

    def gives_anything(self, person: Person) -> bool:
        """Whether they may do anything at all: as a member, or by some rule."""
        roles = {role for rule in self.team.policy for role in rule.roles}
        return person.is_member or any(self._is_in_somewhere(person, role) for role in roles)

    def check_anything(self, person: Person) -> None:
        """Nothing, where ``gives_anything``. Raises ``NotAllowed``."""
        if not self.gives_anything(person):
            raise NotAllowed(
                f"You are {_what(person)}, and no rule of the policy is for you. "
                "Ask a member to do it, or an admin for a rule in the policy."
            )

    def check_somewhere(self, action: str, person: Person) -> None:
        """Nothing, where ``allows_somewhere``. Raises ``NotAllowed``: whatever it is about, they may not."""
        if self.allows_somewhere(action, person):
            return
        rules = self._deciding(action, None)
        if not rules:
            raise NotAllowed(_not_member(action, person))
        raise NotAllowed(_for_others(rules, action, None, None))

    def _deciding(self, action: str, environment: str | None) -> list[Rule]:
        """The most specific of the rules that match."""
        return _most_specific(self.team.rules_about(action), environment)

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

    def _is_in_somewhere(self, person: Person, role: str) -> bool:
        if role != "owners":
            return self._is_in(person, role, None)
        who = {person.id, *person.groups}
        return not person.is_gone and any(not who.isdisjoint(one.owners) for one in self.team.services.values())

    def _owns(self, person: Person, service: str | None) -> bool:
        known = self.team.services.get(service) if service else None
        return known is not None and not {person.id, *person.groups}.isdisjoint(known.owners)


def _most_specific(matching: Sequence[tuple[int, Rule]], environment: str | None) -> list[Rule]:
    """Those of the rules about a verb that decide there."""
    if not matching:
        return []
    ranked = [
        ((rank, bool(rule.environments)), rule)
        for rank, rule in matching
        if not rule.environments or environment in rule.environments
    ]
    best = max((rank for rank, _ in ranked), default=None)
    return [rule for rank, rule in ranked if rank == best]


def _refused(rules: list[Rule], action: str, environment: str | None, service: str | None) -> str:
    """Which rule it is, whom it is for, and what to do."""
    if service or not any("owners" in rule.roles for rule in rules):
        return _for_others(rules, action, environment, service)
    return (
        f"{_rule(rules, action, environment, service)}, and this is about no service, so it has no owners. "
        "Name a service if you can; else ask an admin for another role in the rule."
    )


def _for_others(rules: list[Rule], action: str, environment: str | None, service: str | None) -> str:
    return f"{_rule(rules, action, environment, service)}. Ask one of them to do it."


def _rule(rules: list[Rule], action: str, environment: str | None, service: str | None) -> str:
    names = " and ".join(rule.name for rule in rules)
    roles = dict.fromkeys(role for rule in rules for role in rule.roles)
    whom = " or ".join(_called(role, service) for role in roles) or "nobody"
    where = f" in {environment}" if environment else ""
    return f"{names}: {action}{where} is for {whom}"


def _not_member(action: str, person: Person) -> str:
    return (
        f"{action} is for full members of this workspace, and you are {_what(person)}. "
        "Ask a member to do it, or an admin for a rule in the policy."
    )


def _called(role: str, service: str | None) -> str:
    if role == "owners":
        return f"the owners of {service}" if service else "the owners of the service"
    return f"the {role} role" if role not in {"members", "admins", "guests", "everyone"} else role


def _what(person: Person) -> str:
    if person.is_gone:
        return "deactivated"
    if person.is_bot:
        return "a bot"
    return "from another workspace" if person.is_stranger else "a guest"
