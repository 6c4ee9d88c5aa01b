"""What the parts of a team file owe each other, and the ``Team`` they make together."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.config.shape import TeamFile
from bot.core.refusals import Refusal
from bot.core.team import Environment, Role, Rule, Team
from bot.sections.mistakes import Found, Place, nearest
from bot.sections.parts import CHANNEL_KEYS
from bot.stages.deploy.team_file import service_mistakes
from bot.stages.flags.model.segment import Segments
from bot.stages.monitor import escalation_file
from bot.stages.monitor.model.escalation import Escalations
from bot.stages.release import team_file as release_team_file
from bot.stages.standup.model.seeds import Standups
from bot.team.environments.team_file import environment_mistakes
from bot.team.oncall import team_file as oncall_team_file
from bot.team.oncall.model.rotations import Rotations
from bot.vendors.kit.team_file import source_mistakes

BUILT_IN_ROLES = frozenset({"members", "owners", "admins", "guests", "everyone"})


_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_VERB = re.compile(r"\*|[a-z-]+(?:\.(?:\*|[a-z-]+))?")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")


def cross_checks(file: TeamFile, names: Mapping[str, set[str]]) -> Found:
    """What each part says of others that are not there.

    ``names`` holds what the file names, also where the thing named is wrong in itself.
    """
    for key in file.channels:
        if key not in CHANNEL_KEYS:
            yield ("channels", key), f"no such stage; {nearest(key, CHANNEL_KEYS)}"
    for section, named in (("services", file.services), ("environments", file.environments)):
        for name in named:
            if not _NAME.fullmatch(name):
                yield (section, name), "a name is lower-case letters, digits, dots, dashes and underscores"
    for name in file.segments:
        if not _NAME.fullmatch(name):
            yield ("segments", name), "a name is lower-case letters, digits, dots, dashes and underscores"
    yield from _orders(file)
    yield from environment_mistakes(file.environments, names["environments"])
    yield from service_mistakes(file.services)
    for name, service in file.services.items():
        yield from _people(service.owners, ("services", name, "owners"), names["people"])
    for name, members in file.roles.items():
        if name.casefold() in BUILT_IN_ROLES:
            yield ("roles", name), "is built in; choose another name"
        yield from _people(members, ("roles", name), names["people"])
    yield from _alike("roles", file.roles)
    yield from _alike("people", file.people)
    yield from _policy(file, names)
    yield from _logins(file)
    yield from _standups(file, names["people"])
    yield from ((("alerts", *place), what) for place, what in file.alerts.mistakes())
    yield from oncall_team_file.mistakes(file.rotations, file.services)
    yield from escalation_file.mistakes(file.escalations, file.rotations, names["people"], file.alerts.routes)
    yield from source_mistakes(file.sources, file.services, names["environments"])
    yield from release_team_file.mistakes(file.releases, file.services)
    for name, part in file.rotations.items():
        yield from _people(part.people, ("rotations", name, "people"), names["people"])


def _alike(section: str, named: Iterable[str]) -> Found:
    """Who reads a rule for “release” must not have to look whether there is a “Release” with others in it."""
    taken: dict[str, str] = {}
    for name in named:
        if (first := taken.setdefault(name.casefold(), name)) != name:
            yield (section, name), f"there is {first}, and they differ in capitals alone; choose another name"


def _orders(file: TeamFile) -> Found:
    taken: dict[int, str] = {}
    for name, environment in file.environments.items():
        order = environment.order
        if order is not None and order in taken:
            yield ("environments", name, "order"), f"{taken[order]} has order {order} already"
        elif order is not None:
            taken[order] = name


def _people(members: list[str], place: Place, known: set[str]) -> Found:
    for number, member in enumerate(members):
        name = member.removeprefix("@")
        if member.startswith("@") and name not in known:
            yield (*place, number), f"nobody under people is called {name}; {nearest(name, known)}"
        elif not member.startswith("@") and not (_USER.fullmatch(member) or _GROUP.fullmatch(member)):
            yield (*place, number), f"{member!r} is nobody; write U… (a person), S… (a user group) or @name"


def _policy(file: TeamFile, names: Mapping[str, set[str]]) -> Found:
    rules: set[str] = set()
    for number, rule in enumerate(file.policy):
        for position, verb in enumerate(rule.verbs):
            if not _VERB.fullmatch(verb):
                yield (
                    ("policy", number, "verbs", position),
                    f"{verb!r} is no verb; write deploy.approve, deploy.* or *",
                )
        for position, name in enumerate(rule.environments):
            if name not in names["environments"]:
                what = f"no environment {name}; {nearest(name, names['environments'])}"
                yield ("policy", number, "environments", position), what
        for position, name in enumerate(rule.roles):
            if name not in names["roles"] | BUILT_IN_ROLES:
                what = f"no role {name}; {nearest(name, names['roles'] | BUILT_IN_ROLES)}"
                yield ("policy", number, "roles", position), what
        if rule.name in rules:
            yield ("policy", number, "name"), f"another rule is called {rule.name}"
        if rule.name:
            rules.add(rule.name)


def _logins(file: TeamFile) -> Found:
    """A login is one person's, whichever code host it is on: commits and reviews are told apart by it alone."""
    taken: dict[str, str] = {}
    for name, person in file.people.items():
        for host, login in (("github", person.github), ("gitlab", person.gitlab)):
            folded = (login or "").lower()
            if folded and taken.get(folded, name) != name:
                yield ("people", name, host), f"{taken[folded]} has this login already"
            taken[folded] = name


def _standups(file: TeamFile, known: set[str]) -> Found:
    called: dict[str, str] = {}
    for key, part in file.standups.items():
        place = ("standups", key)
        yield from _people(part.members, (*place, "members"), known)
        if part.lead:
            yield from _people([part.lead], (*place, "lead"), known)
        name = (part.name or key).casefold()
        if name in called:
            yield place, f"{called[name]} is called {part.name or key} as well"
        called[name] = key
        try:
            part.setup(key, part.members, part.lead)
        except Refusal as refusal:
            yield place, refusal.sentence[:1].lower() + refusal.sentence[1:]


def team_of(file: TeamFile) -> Team:
    """The team of a file in which nothing is wrong."""
    ids = {name: person.slack for name, person in file.people.items()}

    def resolved(members: list[str]) -> list[str]:
        return [ids[member[1:]] if member.startswith("@") else member for member in members]

    return Team(
        name=file.name,
        services={name: part.service(name, resolved(part.owners)) for name, part in file.services.items()},
        environments=_environments(file),
        roles={name: _role(name, resolved(members)) for name, members in file.roles.items()},
        policy=tuple(
            Rule(part.name or f"policy.{number}", tuple(part.verbs), tuple(part.environments), tuple(part.roles))
            for number, part in enumerate(file.policy, start=1)
        ),
        channels={key: channel for key, channel in file.channels.items() if key != "default"},
        default_channel=file.channels.get("default", "#general"),
        logins={
            login: person.slack
            for person in file.people.values()
            for login in (person.github, person.gitlab)
            if login
        },
        alertmanager=file.alerts.alertmanager or "",
        cdevents=file.cdevents or "",
        head_posts=file.audit.head_posts(),
        retention=file.retention.retention(),
    ).with_parts(*(part for part in _parts(file, resolved) if part != type(part)()))  # what is said, not defaults


def _parts(file: TeamFile, resolved: escalation_file.Resolve) -> Iterator[object]:
    """Each room's own section, as the room reads it."""
    yield Standups(
        {
            key: part.setup(key, resolved(part.members), "".join(resolved([part.lead])))
            for key, part in file.standups.items()
        }
    )
    yield file.sources.settings()
    yield release_team_file.releasing(file.releases, file.audiences)
    yield file.alerts.alerting()
    yield Rotations({name: part.rota(resolved(part.people)) for name, part in file.rotations.items()})
    yield Escalations({name: part.policy(name, resolved) for name, part in file.escalations.items()})
    yield Segments({name: replace(segment, name=name) for name, segment in file.segments.items()})
    yield file.tickets.tracker()


def _environments(file: TeamFile) -> dict[str, Environment]:
    """Those without an order of their own come after the others, as the file has them."""
    first = max((part.order for part in file.environments.values() if part.order is not None), default=-1) + 1
    following = iter(range(first, first + len(file.environments)))
    return {
        name: part.environment(name, next(following) if part.order is None else part.order)
        for name, part in file.environments.items()
    }


def _role(name: str, members: list[str]) -> Role:
    groups = frozenset(member for member in members if _GROUP.fullmatch(member))
    return Role(name, frozenset(members) - groups, groups)
