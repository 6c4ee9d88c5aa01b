"""A small company whose every verb is tried: two services in two environments, with things and people of each kind."""

import re
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta
from itertools import count
from typing import Any

from bot import discovery
from bot.core.command import Call, Command, Door, Kind, Reply, Verb
from bot.core.incident_severity import IncidentSeverity
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.refusals import Refusal
from bot.core.team import Environment, Repository, Role, Rule, Service, Team
from bot.slack.grammar import Book
from bot.slack.inbound.gestures import Gesture
from bot.slack.inbound.run_verb import Calls
from bot.stages.code.model.blocker import Blocker
from bot.stages.code.model.idea import Idea
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flags.model.flag import OFF, ON, Flag
from bot.stages.flags.model.flag_change import FlagChange
from bot.stages.flags.model.rollout import Rollout
from bot.stages.manage.model.feedback import Concern, Feedback
from bot.stages.monitor.model.alert_group import Alert, AlertGroup
from bot.stages.monitor.model.incident import Incident
from bot.stages.monitor.model.matchers import Matcher
from bot.stages.monitor.model.page import Page
from bot.stages.monitor.model.silence import Silence
from bot.stages.monitor.model.suspect import CauseQuestion
from bot.stages.plan.model.change import Change
from bot.stages.release.model.release import Release
from bot.team.environments.model.lock import Lock
from bot.team.oncall.model.rotation import Cover, Rota, Rotation
from tests.fakes import NOON, FakeUnit, World
from tests.slack.inbound.edge_world import People

WEB, PAY = "web", "pay"
STAGING, PRODUCTION = "staging", "production"

OWEN = Person("U0OWEN", "Owen")  # owns web
PIA = Person("U0PIA", "Pia")  # owns pay
ROSA = Person("U0ROSA", "Rosa")  # has the role
MAX = Person("U0MAX", "Max")
ADA = Person("U0ADA", "Ada", is_admin=True)
GITA = Person("U0GITA", "Gita", is_guest=True)
SAM = Person("U0SAM", "Sam", is_stranger=True)
BEEP = Person("U0BEEP", "Beep", is_bot=True)
GREG = Person("U0GREG", "Greg", is_gone=True)
PEOPLE = (OWEN, PIA, ROSA, MAX, ADA, GITA, SAM, BEEP, GREG)

ASKER = Person("U0ASK", "Asker")
LATER = NOON + timedelta(hours=4)


def team(*rules: Rule) -> Team:
    """The company under these rules."""
    return Team(
        services={
            WEB: Service(WEB, Repository(github="org/web"), owners=(OWEN.id,)),
            PAY: Service(PAY, Repository(github="org/pay"), owners=(PIA.id,)),
        },
        environments={
            STAGING: Environment(STAGING, 0, approvals=1),
            PRODUCTION: Environment(PRODUCTION, 1, approvals=1),
        },
        roles={"release": Role("release", frozenset({ROSA.id}))},
        policy=rules,
    )


# What each kind of thing has, by the letters of its id: a service, an environment, both or neither. A noun without a
# line here fails the table, and whoever adds one says what it is about.
HAS: Mapping[str, frozenset[str]] = {
    letters: frozenset(has.split())
    for letters, has in {
        "A": "service environment",
        "B": "service",
        "C": "service",
        "D": "service environment",
        "F": "service",
        "G": "service environment",
        "I": "",
        "INC": "service environment",
        "L": "service environment",
        "N": "service",
        "Q": "service environment",
        "R": "service",
        "S": "",
        "W": "service",
        "flag": "service",
        "page": "service",
        "pr": "service",
        "question": "service environment",
        "roll-out": "service environment",
        "rotation": "service",
        "stand-up": "",
        "thing": "service",
    }.items()
}

# Parameters that name a thing by a word of its own, or by an id that two nouns share.
NAMED: Mapping[str, str] = {
    "code.link pr": "pr",
    "manage.change id": "F",
    "manage.close id": "N",
    "monitor.cover rotation": "rotation",
    "monitor.extend silence": "Q",
    "monitor.heard page": "page",
    "monitor.oncall rotation": "rotation",
    "monitor.page team": "rotation",
    "monitor.remove-rotation rotation": "rotation",
    "monitor.rotation name": "rotation",
    "monitor.swap rotation": "rotation",
    "monitor.unpage page": "page",
    "monitor.was-it question": "question",
    "release.flag key": "flag",
    "release.flag-retire key": "flag",
    "release.roll-out key": "flag",
    "where thing": "thing",
}

# Words that name no thing of ours, or a stand-up, which belongs to no service.
PLAIN = frozenset(
    """title goal benefit what how text reason since until share audience on off description steps soak version sha
    whom note words outcome labels route matchers letter channel people standup zone country days login of""".split()  # noqa: SIM905
)


def thing_of(verb: Verb, name: str) -> str | None:
    """What kind of thing a parameter names; None where it names none. Fails where nobody has said so."""
    named = NAMED.get(f"{verb.action} {name}")
    parameter = verb.parameters[name]
    if named:
        return named
    if parameter.kind is Kind.ID:
        return {"P": "roll-out"}.get(parameter.prefix, parameter.prefix)
    if parameter.kind in (Kind.TEXT, Kind.WORD):
        is_new = (verb.action, name) == ("release.flag-add", "key")
        assert name in PLAIN or is_new, f"say in NAMED or PLAIN what {verb.action} <{name}> names"
    return None


PLACES = {(WEB, PRODUCTION): 1, (WEB, STAGING): 2, (PAY, PRODUCTION): 3, (PAY, STAGING): 4}


def names(service: str, environment: str) -> dict[str, str]:
    """What the thing of each kind is called that belongs to this service in this environment."""
    n = PLACES[service, environment]
    ids = {letters: f"{letters}-{n}" for letters in HAS if letters.isupper()}
    ids |= {"flag": f"flag_{service}", "page": f"P-{n}", "roll-out": f"P-{n}", "rotation": f"rota-{n}"}
    return ids | {"question": f"A-{n}/1", "pr": f"org/{service}#1", "thing": f"C-{n}"}


def things(service: str, environment: str) -> list[Any]:
    """A thing of each kind that belongs to this service in this environment."""
    number = PLACES[service, environment]
    where = Environment(environment, 0, approvals=1)
    n, at = number, NOON
    rota = Rota(people=(OWEN.id,), at=time(9), services=(service,))
    approval = Deployment.ask(service, "v1", where, ASKER, at).approval
    flag = f"flag_{service}"
    asked = {"asked_by": ASKER.id, "asked_name": "Asker", "asked_at": at, "approval": approval}
    fires = (Alert(f"a{n}", {"number": str(n)}, {}, at),)
    alert = AlertGroup("test", f"g{n}", at, fires, service, environment, id=f"A-{n}", silence_id=f"Q-{n}")
    change = replace(Change.plan("A change", ASKER, at, service=service), id=f"C-{n}")
    incident = Incident.open("It fails", IncidentSeverity.MAJOR, ASKER, ASKER, at, "#x", service=service)
    matcher = Matcher("number", str(n))
    cover = Cover.arrange(f"rota-{n}", MAX, at, LATER, ASKER.id, at, asks=True)
    return [
        alert,
        change,
        Blocker(what="It waits", owner_id=ASKER.id, opened_at=at, change_id=f"C-{n}", id=f"B-{n}"),
        replace(Deployment.ask(service, f"v{n}", where, ASKER, at), id=f"D-{n}"),
        replace(Feedback.file("Good", ASKER, at, service=service), id=f"F-{n}"),
        replace(Concern.file("Bad", ASKER, at, service=service), id=f"N-{n}"),
        replace(Idea.share("Cache it", ASKER, at), id=f"I-{n}"),
        replace(incident, id=f"INC-{n}", alerts=(f"A-{n}",)),
        replace(Lock.place(environment, ASKER, at, service=service), id=f"L-{n}"),
        replace(Silence.place((matcher,), ASKER, at, LATER, group_id=f"A-{n}"), id=f"Q-{n}"),
        Release(service=service, asked_by=ASKER.id, asked_name="Asker", asked_at=at, id=f"R-{n}"),
        Rotation(id=f"rota-{n}", rota=rota),
        replace(cover, id=f"W-{n}"),
        replace(Page.call(f"rota-{n}", "Help", ASKER, at, "#x"), id=f"P-{n}"),
        CauseQuestion(id=f"A-{n}/1", group_id=f"A-{n}", who=ASKER.id, service=service, suspects=(), asked_at=at),
        FlagChange(
            flag=flag, environment=environment, service=service, wanted=ON, before=OFF, falls_back_to=OFF,
            id=f"G-{n}", **asked,
        ),
        Rollout(
            flag=flag, environment=environment, service=service, steps=(100,), soak=timedelta(hours=1),
            segment=OFF.segment, always=None, before=OFF, id=f"P-{n}", **asked,
        ),
    ]  # fmt: skip


class Unit(FakeUnit):
    """Opens works; no gesture was handled before."""

    def reading(self) -> Any:
        return self._open()

    @asynccontextmanager
    async def for_call(self, _key: str) -> Any:
        async with self._open() as work:
            work.repeated = False  # type: ignore[attr-defined]
            yield work


class Tried(Calls):
    """The calls of the edge, with verbs that note that they were reached instead of doing anything."""

    reached: list[Call]
    refusal: Refusal | None = None

    def refused(self, gesture: Gesture, refusal: Refusal) -> Any:
        """Keep what was refused."""
        self.refusal = refusal
        return super().refused(gesture, refusal)

    def broken(self, gesture: Gesture, error: Exception) -> Reply:
        """A failure of ours is no refusal."""
        raise error

    async def may(self, gesture: Gesture) -> bool:
        """Whether the gesture reached its verb, or opened its form."""
        self.reached.clear()
        self.refusal = None
        told = await self.decide(gesture)
        return bool(self.reached) or (gesture.door is Door.SHORTCUT and told is not None and self.refusal is None)


def _reaching(command: Command, reached: list[Call]) -> Command:
    """The same command; its verbs do nothing but to note that they were reached."""

    async def reach(call: Call, _work: Any) -> None:
        reached.append(call)

    bare = Command(command.name, command.summary, stage=command.stage)
    bare.verbs = {name: replace(verb, handle=reach, prepare=None) for name, verb in command.verbs.items()}
    bare.shortcuts = command.shortcuts
    return bare


async def company(*rules: Rule) -> Tried:
    """The whole of it, under these rules."""
    its_team = team(*rules)
    world = World(team=its_team, people=PEOPLE)
    unit = Unit(world.clock, its_team, world.store)
    async with unit() as work:
        for service in (WEB, PAY):
            await work.add(Flag.make(f"flag_{service}", ASKER, NOON, service=service))
        for place in PLACES:
            for thing in things(*place):
                await work.add(thing)
    reached: list[Call] = []
    book = Book({name: _reaching(command, reached) for name, command in discovery.commands().items()})
    calls = Tried(book, unit, world.directory, People(PEOPLE), Policy(its_team), world.clock, world.tools)
    calls.reached = reached
    return calls


_WORDS: Mapping[Kind, str] = {
    Kind.TEXT: "words",
    Kind.WORD: "word",
    Kind.PERSON: "me",
    Kind.WHEN: "17:00",
    Kind.NUMBER: "1",
    Kind.TIME: "08:30",
}


def _word(verb: Verb, name: str, ids: Mapping[str, str], service: str, environment: str) -> str:
    parameter, thing = verb.parameters[name], thing_of(verb, name)
    if thing:
        return ids[thing]
    match parameter.kind:
        case Kind.SERVICE:
            return service
        case Kind.ENVIRONMENT:
            return environment
        case Kind.CHOICE:
            return parameter.choices[0]
        case Kind.DATE:
            return "2026-11-01" if parameter.past else "2026-12-31"
        case _:
            return _WORDS[parameter.kind]


def names_a_place(verb: Verb, name: str) -> bool:
    """Whether this parameter says what the call is about."""
    return verb.parameters[name].kind in (Kind.SERVICE, Kind.ENVIRONMENT) or thing_of(verb, name) is not None


def line(verb: Verb, words: Mapping[str, str]) -> str:
    """The verb's usage line with these words; a part in brackets is there where its words are."""
    text = verb.usage
    parts = [part for part in re.split(r"(\[[^\]]*\])", text) if part]
    said: list[str] = []
    for part in parts:
        inside = re.findall(r"<([^>]+)>", part)
        if part.startswith("[") and (not inside or not words.keys() >= set(inside)):
            continue
        said.append(re.sub(r"<([^>]+)>", lambda found: words[found[1]], part.strip("[]")))
    return " ".join(" ".join(said).split())


def words_of(verb: Verb, service: str, environment: str) -> dict[str, str]:
    """A word for each parameter that must be there, and for each that names something."""
    ids = names(service, environment)
    optional = set(re.findall(r"<([^>]+)>", " ".join(re.findall(r"\[[^\]]*\]", verb.usage))))
    wanted = [name for name in verb.parameters if name not in optional or names_a_place(verb, name)]
    return {name: _word(verb, name, ids, service, environment) for name in wanted}


def about(verb: Verb, words: Mapping[str, str]) -> frozenset[str]:
    """What a call with these words is about: a service, an environment, both or neither."""
    has: set[str] = set()
    for name in words:
        kind = verb.parameters[name].kind
        has |= (
            {kind.value} if kind in (Kind.SERVICE, Kind.ENVIRONMENT) else HAS.get(thing_of(verb, name) or "", set())
        )
    return frozenset(has)


_KEYS = count(1)


def gestures(verb: Verb, words: Mapping[str, str], by: Person) -> Iterator[Gesture]:
    """The same call through every door that leads to it."""
    said, user, key = line(verb, words), by.id, f"k{next(_KEYS)}"
    rest = said.removeprefix(verb.name).strip()
    yield Gesture(Door.SLASH, key, user, f"/{verb.command}", said, "C1", "t")
    yield Gesture(Door.BUTTON, key, user, verb.action, rest, "C1", "t")
    yield Gesture(Door.FORM, key, user, verb.action, channel_id="C1", view={"blocks": []}, carry=dict(words))
    yield Gesture(Door.MENTION, key, user, text=f"{verb.command} {said}", channel_id="C1")
    yield Gesture(Door.MENTION, key, user, text=f"{verb.command} {said}", channel_id="C1", by_bot=True)
