"""Who may do what, cell by cell: every verb, for everybody, by every door, to things of two services in two places.

What is expected is worked out here from the declarations and a few plain rules, and never by asking the policy.
"""

from hashlib import sha256

import pytest

from bot import discovery
from bot.core.command import Door, Verb
from bot.core.people import Person
from bot.core.refusals import NotAllowed
from bot.core.team import Rule
from bot.slack.grammar import Book
from bot.slack.inbound.gestures import Gesture
from bot.stages.monitor.model.matchers import read, written
from tests.contracts import authority
from tests.contracts.authority import (
    ADA,
    BEEP,
    GITA,
    GREG,
    MAX,
    OWEN,
    PAY,
    PEOPLE,
    PIA,
    PLACES,
    PRODUCTION,
    ROSA,
    SAM,
    STAGING,
    WEB,
    company,
    gestures,
    words_of,
)

VERBS = list(Book(discovery.commands()).verbs.values())
OWNER = {WEB: OWEN, PAY: PIA}
MEMBERS = (OWEN, PIA, ROSA, MAX, ADA)

EVERYWHERE = Rule("policy.1", ("*",), (), ("owners", "release"))
IN_PRODUCTION = Rule("policy.1", ("*",), (PRODUCTION,), ("owners", "release"))

of_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.action)


def chosen(by: Person, service: str | None) -> bool:
    """Whom the rule chooses: the role's one person, and the owner of the very service."""
    return by is ROSA or (service is not None and by is OWNER[service])


def expected(rule: Rule, by: Person, service: str | None, environment: str | None) -> bool:
    """By the rule where it is about the place; for full members where it is not."""
    if rule.environments and environment not in rule.environments:
        return by in MEMBERS
    return chosen(by, service)


def by_this_door(verb: Verb, gesture: Gesture, by: Person) -> bool:
    """An app in somebody's name reads and asks; one that speaks as itself is a bot like any other."""
    return not gesture.by_bot or by is BEEP or verb.reads_only or verb.by_app


@of_verb
@pytest.mark.parametrize("rule", [EVERYWHERE, IN_PRODUCTION], ids=["everywhere", "in production"])
async def test_a_verb_is_allowed_to_whom_its_rule_says_for_the_thing_that_it_is_about(verb, rule):
    calls, wrong, cells = await company(rule), [], 0
    for service, environment in PLACES:
        words = words_of(verb, service, environment)
        has = authority.about(verb, words)
        place = (service if "service" in has else None, environment if "environment" in has else None)
        for by in PEOPLE:
            for gesture in gestures(verb, words, by):
                should = expected(rule, by, *place) and by_this_door(verb, gesture, by)
                may, cells = await calls.may(gesture), cells + 1
                if may != should or (not may and not isinstance(calls.refusal, NotAllowed)):
                    wrong.append((by.name, gesture.door.value, gesture.text, place, may, calls.refusal))
    assert wrong == []
    assert cells == len(PLACES) * len(PEOPLE) * 5


def of_other_services(verb: Verb) -> list[str]:
    """The things that a call names besides something that has a service as well."""
    words = words_of(verb, WEB, PRODUCTION)
    things = [
        name for name in words if (kind := authority.thing_of(verb, name)) and "service" in authority.HAS[kind]
    ]
    others = {name: {one: word for one, word in words.items() if one != name} for name in things}
    return [name for name in things if "service" in authority.about(verb, others[name])]


MIXED = [(verb, name) for verb in VERBS for name in of_other_services(verb)]


@pytest.mark.parametrize(("verb", "name"), MIXED, ids=lambda one: getattr(one, "action", one))
async def test_of_several_things_each_must_be_allowed(verb, name):
    calls = await company(EVERYWHERE)
    words = words_of(verb, WEB, PRODUCTION)
    words |= {name: words_of(verb, PAY, PRODUCTION)[name]}
    for by, should in ((OWEN, False), (PIA, False), (ROSA, True)):
        for gesture in gestures(verb, words, by):
            assert await calls.may(gesture) == (should and by_this_door(verb, gesture, by)), (by.name, gesture)


async def test_the_table_has_verbs_of_several_things():
    assert {("monitor.join", "alert"), ("monitor.link", "change"), ("release.flag-add", "release")} <= {
        (verb.action, name) for verb, name in MIXED
    }


SHORTCUTS = [
    (command.verbs[shortcut.verb], shortcut)
    for command in discovery.commands().values()
    for shortcut in command.shortcuts
]


@pytest.mark.parametrize(("verb", "shortcut"), SHORTCUTS, ids=lambda one: getattr(one, "title", ""))
async def test_a_shortcut_opens_its_form_for_whoever_may_send_it_about_something(verb, shortcut):
    for rule, allowed in ((EVERYWHERE, (OWEN, PIA, ROSA)), (IN_PRODUCTION, MEMBERS)):
        calls = await company(rule)
        for by in PEOPLE:
            gesture = Gesture(Door.SHORTCUT, "k", by.id, verb.action, "", "C1", "t")
            assert await calls.may(gesture) == (by in allowed), by.name


@of_verb
async def test_a_rule_for_guests_gives_to_guests_alone(verb):
    calls = await company(Rule("policy.1", ("*",), (), ("guests",)))
    words = words_of(verb, WEB, STAGING)
    for by in (GITA, SAM, BEEP, GREG, MAX):
        gesture = next(gestures(verb, words, by))
        assert await calls.may(gesture) == (by is GITA), by.name


async def test_what_is_about_no_service_is_no_owners():
    calls = await company(EVERYWHERE)
    assert not await calls.may(Gesture(Door.SLASH, "k", OWEN.id, "/deploy", "lock staging", "C1", "t"))
    assert "this is about no service, so it has no owners" in str(calls.refusal)
    assert await calls.may(Gesture(Door.SLASH, "k", OWEN.id, "/deploy", "lock staging for web", "C1", "t"))


async def test_a_change_is_moved_to_another_service_by_whoever_may_do_both():
    calls = await company(EVERYWHERE)
    for by, should in ((OWEN, False), (PIA, False), (ROSA, True)):
        carry = {"change": "C-1", "step": "save", "service": PAY}
        form = Gesture(Door.FORM, "k", by.id, "plan.edit", view={"blocks": []}, carry=carry)
        assert await calls.may(form) == should


async def test_a_rotation_is_given_and_emptied_by_whoever_may_change_those_services():
    calls = await company(EVERYWHERE)
    for services in (f"{WEB}, {PAY}", ""):
        for by, should in ((OWEN, False), (PIA, False), (ROSA, True)):
            carry = {"name": "rota-1", "people": "x", **({"services": services} if services else {})}
            form = Gesture(Door.FORM, "k", by.id, "monitor.rotation", view={"blocks": []}, carry=carry)
            assert await calls.may(form) == should, (services, by.name)


async def test_a_silence_that_mutes_anothers_alerts_is_placed_by_whoever_may_silence_both():
    calls = await company(EVERYWHERE)
    for written_down, muted in (('number="1"', {OWEN, ROSA}), ('number=~"1|3"', {ROSA})):
        shown = sha256(written(read(written_down)).encode()).hexdigest()[:16]
        carry = {"alert": "A-1", "shown": shown, "matchers": written_down, "end": "17:00"}
        for by in (OWEN, PIA, ROSA):
            form = Gesture(Door.FORM, "k", by.id, "monitor.silence", view={"blocks": []}, carry=carry)
            assert await calls.may(form) == (by in muted), (written_down, by.name)


async def test_what_is_nowhere_is_unknown_rather_than_forbidden():
    calls = await company(EVERYWHERE)
    assert not await calls.may(Gesture(Door.BUTTON, "k", OWEN.id, "release.publish", "R-99", "C1", "t"))
    assert "I know no release" in str(calls.refusal)
