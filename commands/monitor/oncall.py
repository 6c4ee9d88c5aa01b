"""Verbs about who is on call: see it, cover, swap, set up turns, call somebody, escalate."""

from dataclasses import dataclass
from datetime import time

from bot.core.command import (
    Answer,
    Call,
    Field,
    Form,
    Reply,
    channel,
    choice,
    id_of,
    people,
    person,
    text,
    time_of_day,
    when,
    word,
)
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.wall_clock import SHORT_NAMES
from bot.core.zones import zone_named
from bot.stages.monitor import escalate, pages
from bot.team.oncall import rotations
from bot.team.oncall.model.rotation import Every, Rota, Rotation
from commands.monitor.alerts import ALERT
from commands.monitor.command import command
from commands.monitor.which_alert import alert_meant, alert_of, page_meant, rotation_meant, services_in

ROTATION = word("the rotation, such as payments")
COVER = id_of("W", "the cover, such as W-3")
PAGE = id_of("P", "the page, such as P-2")
TURNS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A rotation as it is shown: who is on call until when, whose turns follow, and which covers are arranged."""

    rotation: Rotation
    now: str
    until: object
    turns: tuple[object, ...]
    covers: tuple[object, ...]


@command.verb(
    "oncall [<rotation>]",
    "Who is on call, and who comes next",
    examples=("", "payments"),
    reads_only=True,
    opens_form=False,
    about=rotation_meant,
    rotation=ROTATION,
)
async def on_call(call: Call, work: Work) -> Reply:
    """Now, next, and covers that are arranged."""
    named = call.args.get("rotation")
    every = [await rotations.known(work, named)] if named else await rotations.rotations(work)
    return Reply("monitor/oncall", {"standings": [await _standing(work, one) for one in every]})


async def _person(call: Call, tools: Tools) -> Person:
    return await tools.directory.person(call.args.get("person") or call.by.id)


@command.verb(
    "cover <rotation> [by <person>] [from <begin>] until <end>",
    "Put yourself or somebody else on call for a while",
    examples=("payments until 18:00", "payments by @Mei from Sat 09:00 until Sun 09:00"),
    prepare=_person,
    about=rotation_meant,
    rotation=ROTATION,
    person=person("who is on call meanwhile; else you"),
    begin=when("from when on; else from now on"),
    end=when("until when"),
)
async def cover(call: Call, work: Work) -> Reply:
    """They are told, and go before whoever's turn it is."""
    args = call.args
    arranged = await rotations.cover(work, args["rotation"], call.prepared, call.by, args["end"], args.get("begin"))
    return Reply("monitor/cover_made", {"cover": arranged})


@command.verb(
    "swap <rotation> with <person> [from <begin>] [until <end>]",
    "Ask somebody to take over your next turn, or a part of it",
    examples=("payments with @Tom", "payments with @Tom from Sat 09:00 until Sun 09:00"),
    prepare=_person,
    about=rotation_meant,
    rotation=ROTATION,
    person=person("who is asked; it counts once they agree"),
    begin=when("from when on; else from the beginning of your turn"),
    end=when("until when; else to its end"),
)
async def swap(call: Call, work: Work) -> Reply:
    """They are asked directly."""
    args = call.args
    asked = await rotations.swap(work, args["rotation"], call.prepared, call.by, args.get("begin"), args.get("end"))
    return Reply("monitor/swap_asked", {"cover": asked, "who": call.prepared.id})


@command.verb("take-swap <cover>", "Agree to a swap", hidden=True, opens_form=False, cover=COVER)
async def take_swap(call: Call, work: Work) -> None:
    """Whoever asked is told."""
    await rotations.answer(work, call.args["cover"], call.by, agrees=True)


@command.verb("decline-swap <cover>", "Say no to a swap", hidden=True, opens_form=False, cover=COVER)
async def decline_swap(call: Call, work: Work) -> None:
    """Whoever asked is told."""
    await rotations.answer(work, call.args["cover"], call.by, agrees=False)


@command.verb("uncover <cover>", "Take a cover or a swap back", examples=("W-3",), cover=COVER)
async def uncover(call: Call, work: Work) -> Reply:
    """Whoever's turn it is is on call again."""
    return Reply("monitor/cover_gone", {"cover": await rotations.take_back(work, call.args["cover"], call.by)})


@command.verb(
    "rotation <name>",
    "Set up or change who takes turns on call, in a form",
    examples=("payments",),
    about=rotation_meant,
    name=word("what it is called, such as payments"),
)
async def rotation(call: Call, work: Work) -> Answer:
    """One of the team file is changed there."""
    args = call.args
    if "people" not in args:
        there = await work.get(Rotation, args["name"])
        if there is not None and there.from_file:
            await rotations.set_up(work, args["name"], there.rota, call.by)  # refuses, and says why
        return _form(args["name"], there.rota if there else None, call.by)
    made = await rotations.set_up(work, args["name"], _rota(call), call.by)
    return Reply("monitor/oncall", {"standings": [await _standing(work, made)]})


@command.verb("remove-rotation <rotation>", "Have a rotation no longer", about=rotation_meant, rotation=ROTATION)
async def remove_rotation(call: Call, work: Work) -> Reply:
    """Nobody is on call in it any more."""
    gone = await rotations.remove(work, call.args["rotation"], call.by)
    return Reply("monitor/rotation_gone", {"rotation": gone})


@command.verb(
    "page <team> <words>",
    "Call whoever is on call, until somebody answers",
    examples=("payments the checkout hangs for everybody",),
    about=rotation_meant,
    team=word("the rotation that is called, such as payments"),
    words=text("what is wrong", long=True),
)
async def page(call: Call, work: Work) -> Reply:
    """Directly and in the channel; you are told when somebody answers."""
    return Reply(
        "monitor/page_made", {"page": await pages.page(work, call.args["team"], call.args["words"], call.by)}
    )


@command.verb("heard <page>", "Answer a page", hidden=True, opens_form=False, about=page_meant, page=PAGE)
async def heard(call: Call, work: Work) -> None:
    """Nobody else is called."""
    await pages.answer(work, call.args["page"], call.by)


@command.verb("unpage <page>", "Take a page back", examples=("P-2",), opens_form=False, about=page_meant, page=PAGE)
async def unpage(call: Call, work: Work) -> None:
    """Nobody need come."""
    await pages.take_back(work, call.args["page"], call.by)


@command.verb(
    "escalate [<alert>]",
    "Call the next one about an alert now",
    examples=("A-9",),
    opens_form=False,
    about=alert_meant,
    alert=ALERT,
)
async def escalate_now(call: Call, work: Work) -> Reply:
    """Without waiting for the rest of the step."""
    called = await escalate.hurry(work, await alert_of(call, work), call.by.id)
    return Reply("monitor/escalate_done", {"called": called})


async def _standing(work: Work, one: Rotation) -> Standing:
    covers = await rotations.covers_of(work, one.id)
    first = one.rota.turn_at(work.now).number
    turns = tuple(one.rota.turn(first + n) for n in range(1, TURNS_SHOWN + 1))
    return Standing(one, one.who_at(work.now, covers), one.changes_after(work.now, covers), turns, tuple(covers))


def _form(name: str, there: Rota | None, by: Person) -> Form:
    rota = there or Rota(people=(by.id,), zone=by.zone)
    return Form(
        "Who is on call",
        (
            Field("people", "People", people(), rota.people, hint="In the order of their turns."),
            Field("every", "How long a turn lasts", choice("week", "day"), str(rota.every)),
            Field("weekday", "Weekly turns begin on", choice(*SHORT_NAMES), SHORT_NAMES[rota.weekday]),
            Field("at", "Hand-over at", time_of_day(), rota.at),
            Field("zone", "By the clocks of", text(), rota.zone, hint="A zone or its city, such as Europe/Berlin."),
            Field(
                "services", "Services", text(), ", ".join(rota.services), True, "By commas; none means all of them."
            ),
            Field("channel", "Where hand-overs are told", channel(), rota.channel or None, True),
        ),
        carry={"name": name},
    )


def _rota(call: Call) -> Rota:
    args = call.args
    at: time = args["at"]
    return Rota(
        people=tuple(args["people"]),
        every=Every(args["every"]),
        weekday=SHORT_NAMES.index(args["weekday"]),
        at=at,
        zone=zone_named(args["zone"]),
        channel=args.get("channel") or "",
        services=services_in(args.get("services") or ""),
    )
