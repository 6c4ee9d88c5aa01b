"""Which of a stand-up's members is asked on a day, at which instant, and what changes where they or it change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice

from bot.core.people import Person
from bot.stages.standup.model.round import Prompt
from bot.stages.standup.model.setup import Setup
from bot.team.people.model.presence import NOWHERE, Absence, HolidayNames, Place, Presence

PLAN_AHEAD = timedelta(
    minutes=10
)  # before the first of a day is asked; long enough for a thousand stand-ups at once
NO_HOLIDAYS: HolidayNames = {}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom a stand-up asks, with what decides when."""

    person: Person
    presence: Presence
    holidays: HolidayNames = field(default_factory=dict[date, str])

    @property
    def zone(self) -> str:
        """In which zone their days are."""
        return self.presence.zone_of(self.person)


def members_of(
    setup: Setup,
    everybody: Sequence[Person],
    presences: Mapping[str, Presence],
    holidays: Mapping[Place, HolidayNames],
) -> list[Member]:
    """The members of a stand-up, each with their own presence, and the public holidays of their place."""
    found: list[Member] = []
    for person in setup.members(everybody):
        presence = presences.get(person.id) or Presence(id=person.id)
        place = presence.holidays_of(setup.holidays)
        found.append(Member(person, presence, holidays.get(place, NO_HOLIDAYS)))
    return found


def places_of(setup: Setup, presences: Sequence[Presence]) -> set[Place]:
    """Whose public holidays count for its members."""
    return ({setup.holidays} | {presence.holidays_of(setup.holidays) for presence in presences}) - {NOWHERE}


def prompts_on(setup: Setup, day: date, members: Sequence[Member]) -> tuple[list[Prompt], list[Absence]]:
    """Who is asked on this day and when, the first one first, and who is not."""
    prompts: list[Prompt] = []
    absent: list[Absence] = []
    instants: dict[str, datetime] = {}
    for member in members:
        absence = member.presence.absence(day, member.holidays)
        if absence is not None:
            absent.append(absence)
            continue
        zone = setup.zone_for(member.zone)
        at = instants.get(zone) or instants.setdefault(zone, setup.schedule.instant(day, zone))
        prompts.append(Prompt(member.person.id, zone, at, at + setup.window))
    return sorted(prompts, key=lambda prompt: prompt.at), absent


def next_prompts(setup: Setup, member: Member, now: datetime, count: int = 5) -> list[Prompt]:
    """When somebody is asked next."""
    zone = setup.zone_for(member.zone)

    def coming() -> Iterator[Prompt]:
        for _, at in setup.schedule.following(now, zone, lambda day: member.presence.works(day, member.holidays)):
            yield Prompt(member.person.id, zone, at, at + setup.window)

    return list(islice(coming(), count))


def plan_due(setup: Setup, day: date, members: Sequence[Member]) -> datetime:
    """When a day is to be planned: shortly before its first member is asked."""
    return min(setup.schedule.instant(day, zone) for zone in zones_of(setup, members)) - PLAN_AHEAD


def zones_of(setup: Setup, members: Sequence[Member]) -> list[str]:
    """The zones in which it asks; where it has no member yet, one all the same."""
    return sorted({setup.zone_for(member.zone) for member in members}) or [setup.zone or "UTC"]


def next_day(setup: Setup, now: datetime, members: Sequence[Member], last_on: date | None) -> date | None:
    """The first day, after the last one that was planned, of which each member still sees the whole."""
    day = setup.schedule.first_day_ahead(now, zones_of(setup, members))
    while day is not None and last_on is not None and day <= last_on:
        day = setup.schedule.day_after(day)
    return day


@dataclass(frozen=True, slots=True)
class Rearranged:
    """What becomes of a planned round: its prompts from now on, those to owe anew, and whom not to ask any more."""

    prompts: tuple[Prompt, ...]
    owed: tuple[Prompt, ...]
    forgiven: tuple[str, ...]


def rearranged(before: Sequence[Prompt], wanted: Sequence[Prompt], now: datetime) -> Rearranged:
    """Follow a change of members, zones, leave or times while a round is under way.

    Whoever was asked stays asked. Who is still to be asked is asked at the new instant where that lies ahead, else
    at the old one, so that nobody is asked twice or passed over. Somebody new is asked only where their time lies
    ahead.
    """
    anew = {prompt.user_id: prompt for prompt in wanted}
    kept: list[Prompt] = []
    owed: list[Prompt] = []
    forgiven: list[str] = []
    for prompt in before:
        new = anew.pop(prompt.user_id, None)
        if prompt.at <= now:
            kept.append(prompt)
        elif new is None:
            forgiven.append(prompt.user_id)
        elif new == prompt or new.at <= now:
            kept.append(prompt)
        else:
            owed.append(new)
    owed += [prompt for prompt in anew.values() if prompt.at > now]
    return Rearranged(tuple(sorted((*kept, *owed), key=lambda prompt: prompt.at)), tuple(owed), tuple(forgiven))
