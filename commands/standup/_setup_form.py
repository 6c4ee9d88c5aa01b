"""The form that a stand-up is set up with, and the setup that a filled one gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

from bot.core.command import Call, Field, Form, channel, choice, choices, people, person, text, time_of_day
from bot.core.durations import rounded
from bot.core.people import Channel, Group, Person
from bot.core.ports import Tools
from bot.core.wall_clock import SHORT_NAMES
from bot.core.zones import zone_named
from bot.stages.standup.model.checks import askable, postable
from bot.stages.standup.model.questions import questions_from, questions_shown
from bot.stages.standup.model.setup import Posting, Setup, Standup
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import NOWHERE, Place

WINDOWS = tuple(timedelta(minutes=minutes) for minutes in (30, 60, 120, 180, 240, 360, 480, 720))
REMINDERS = tuple(timedelta(minutes=minutes) for minutes in (10, 15, 30, 60, 120))
NO_REMINDER = "no reminder"
WORKING_DAYS = tuple(str(days) for days in (1, 2, 3, 5, 10))


@dataclass(frozen=True, slots=True)
class Around:
    """What a setup is made from and checked against: who is here, and what the form named."""

    people: Sequence[Person]
    groups: Sequence[Group]
    channel: Channel | None = None
    holidays: Place = NOWHERE


async def look_around(call: Call, tools: Tools) -> Around:
    """Find out what the form needs to be shown, or what it named needs to be checked against."""
    everybody, groups = await tools.directory.people(), await tools.directory.groups()
    if call.args.get("step") != "save":
        return Around(everybody, groups)
    where, named = await tools.directory.channel(str(call.args["channel"])), str(call.args.get("holidays") or "")
    return Around(everybody, groups, where, await tools.port(Holidays).place(named) if named else NOWHERE)


def form(around: Around, standup: Standup | None, channel_id: str) -> Form:
    """The form for a new stand-up, or for this one as it is."""
    setup = standup.setup if standup else Setup("", channel_id if channel_id[:1] in {"C", "G"} else "")
    carry = {"standup": standup.id, "version": str(standup.version)} if standup else {}
    return Form(
        "Edit stand-up" if standup else "New stand-up",
        (*_who_and_what(around, setup), *_when(setup), *_then(setup)),
        submit="Save" if standup else "Set it up",
        carry={**carry, "step": "save"},
    )


def _who_and_what(around: Around, setup: Setup) -> tuple[Field, ...]:
    handles = {group.id: f"@{group.handle}" for group in around.groups}
    chosen = tuple(handles[id] for id in setup.groups if id in handles)
    groups = Field("groups", "User groups", choices(*handles.values()), chosen, optional=True) if handles else None
    hint = "One a line, ten at most. Write [plan] or [blocker] after the one that asks for it."
    return (
        Field("name", "Name", text(), setup.name or None),
        Field("channel", "Channel", channel(), setup.channel or None, hint="I must be in it to post there."),
        Field("people", "People", people(), setup.people, optional=True),
        *((replace(groups, hint="Whoever is in them when it asks."),) if groups else ()),
        Field("questions", "Questions", text(long=True), questions_shown(setup.questions), hint=hint),
    )


def _when(setup: Setup) -> tuple[Field, ...]:
    days = tuple(SHORT_NAMES[day] for day in setup.weekdays)
    zone = "Empty: each member is asked at this time in their own zone. Else one zone, such as Europe/Berlin."
    return (
        Field("days", "Days", choices(*SHORT_NAMES), days),
        Field("at", "Time", time_of_day(), setup.at),
        Field("zone", "Zone", text(), setup.zone or None, optional=True, hint=zone),
        Field("window", "Time to answer", choice(*_spans(WINDOWS, setup.window)), rounded(setup.window)),
        Field(
            "reminder",
            "Reminder before that ends",
            choice(NO_REMINDER, *_spans(REMINDERS, setup.remind_before)),
            rounded(setup.remind_before) if setup.remind_before else NO_REMINDER,
        ),
    )


def _then(setup: Setup) -> tuple[Field, ...]:
    days = (
        WORKING_DAYS
        if str(setup.raise_after_days) in WORKING_DAYS
        else (*WORKING_DAYS, str(setup.raise_after_days))
    )
    holidays = "Whose, for members that named no country of their own: DE, or DE-BY for a part of it."
    posting = "When the answers are posted"
    return (
        Field("posting", posting, choice(*(each.value for each in Posting)), setup.posting.value),
        Field("lead", "Lead", person(), setup.lead or None, optional=True, hint="Old blockers are raised to them."),
        Field("raise_after", "Working days until then", choice(*days), str(setup.raise_after_days)),
        Field("holidays", "Public holidays", text(), str(setup.holidays) or None, optional=True, hint=holidays),
    )


def setup_from(args: Mapping[str, Any], around: Around, standup: Standup | None, by: Person) -> Setup:
    """The setup that a filled form gives. Raises ``Refusal`` with the field that it is about."""
    handles = {f"@{group.handle}": group.id for group in around.groups}
    before = standup.setup if standup else Setup("", "")
    given = standup.questions_given if standup else 0
    at = args.get("at")
    return Setup(
        name=str(args.get("name") or ""),
        channel=postable(around.channel, str(args.get("channel") or "")),
        people=askable(args.get("people") or (), around.people),
        groups=tuple(handles[handle] for handle in args.get("groups") or () if handle in handles),
        questions=questions_from(str(args.get("questions") or ""), before.questions, given),
        weekdays=tuple(SHORT_NAMES.index(day) for day in args.get("days") or ()),
        at=at if isinstance(at, time) else before.at,
        zone=zone_named(str(args["zone"])) if args.get("zone") else "",
        window=_span(args.get("window"), (*WINDOWS, before.window)) or before.window,
        remind_before=_span(args.get("reminder"), (*REMINDERS, before.remind_before)),
        posting=Posting(args.get("posting") or before.posting),
        lead=next(iter(askable((args["lead"],), around.people, "lead")))
        if args.get("lead")
        else before.lead or by.id,
        raise_after_days=int(args.get("raise_after") or before.raise_after_days),
        holidays=around.holidays,
    )


def _spans(usual: Sequence[timedelta], now: timedelta | None) -> tuple[str, ...]:
    spans = {*usual, now} - {None}
    return tuple(rounded(span) for span in sorted(span for span in spans if span is not None))


def _span(shown: object, known: Sequence[timedelta | None]) -> timedelta | None:
    return next((span for span in known if span is not None and rounded(span) == shown), None)
