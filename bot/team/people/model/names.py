"""Whom people mean by the names that they write."""

import re
from collections.abc import Sequence

from bot.core.people import Person
from bot.core.refusals import NotUnderstood, Unknown
from bot.core.team import Team


def who_is_asked(everybody: Sequence[Person], team: Team, by: Person, named: str | None = None) -> tuple[str, ...]:
    """User ids of whom a stand-up asks: who is named, else the role "standup", else every full member.

    Raises ``Unknown`` for a name that nobody has, ``NotUnderstood`` for one that several have.
    """
    members = [person for person in everybody if person.is_member]
    if named and named.strip():
        return people_named(named, members, by)
    role = team.roles.get("standup")
    if role is not None:
        members = [person for person in members if person.id in role.people or person.groups & role.groups]
    return tuple(person.id for person in members)


def people_named(text: str, members: Sequence[Person], by: Person) -> tuple[str, ...]:
    """User ids of the people that a text names, in its order: “Ana, @Tom and me”.

    Raises ``Unknown`` for a name that none of ``members`` has, ``NotUnderstood`` for one that several have.
    """
    names: dict[str, list[Person]] = {"me": [by]}
    for person in members:
        # By the whole name, its first part, or the id; a set, since these can be one and the same.
        for name in {person.name.casefold(), person.name.casefold().partition(" ")[0], person.id.casefold()}:
            names.setdefault(name, []).append(person)
    places: dict[str, int] = {}
    rest = text.casefold()
    for name in sorted(names, key=len, reverse=True):
        if name not in rest:  # at little cost: a pattern for each of 5,000 people takes seconds
            continue
        for hit in re.finditer(rf"(?<!\w)@?{re.escape(name)}(?!\w)", rest):
            if len(names[name]) > 1:
                who = ", ".join(person.name for person in names[name])
                raise NotUnderstood(f"“{name}” could be {who}. Write the whole name.", field="people")
            places.setdefault(names[name][0].id, hit.start())
            rest = rest[: hit.start()] + " " * len(hit[0]) + rest[hit.end() :]
    unknown = re.sub(r"\band\b|[,;&@]", " ", rest).split()
    if unknown:
        raise Unknown("person", unknown[0], tuple(sorted(person.name for person in members)), field="people")
    return tuple(sorted(places, key=places.__getitem__))
