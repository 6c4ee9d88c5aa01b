"""Verbs about incidents, and about what caused an alert."""

from collections.abc import Sequence

from bot.core.command import Call, Place, Reply, choice, id_of, person, service, text, word
from bot.core.incident_severity import IncidentSeverity
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.stages.flow import authorise
from bot.stages.monitor import cards, incidents, suspects
from bot.stages.monitor.model.suspect import Answer
from commands.monitor.command import command
from commands.monitor.which_alert import alert_here

INCIDENT = id_of("INC", "the incident, such as INC-3")
ALERT = id_of("A", "the alert that it begins with, such as A-9")


async def _begun(call: Call, work: Work) -> Sequence[Place]:
    """The service that is named, and where the alert fires in whose thread it is opened."""
    args = call.args
    here = "" if args.get("alert") else await alert_here(call, work)
    named = (Place(args["service"]),) if args.get("service") else ()
    return (*named, *(await authorise.of_alert(work, here) if here else ()))


async def _asked_about(call: Call, work: Work) -> Sequence[Place]:
    """Where the alert fires whose cause is asked for."""
    question = await suspects.known(work, call.args["question"])
    return await authorise.of_alert(work, question.group_id)


@command.verb(
    "incident <title> [on <service>] [as <severity>] [from <alert>]",
    "Open an incident, of an alert or alone; you lead it",
    examples=("Checkout fails on payments as critical", "Checkout fails from A-9"),
    about=_begun,
    title=text("what is wrong, in one line"),
    service=service("which service it is about"),
    severity=choice(*map(str, IncidentSeverity), about="how bad it is"),
    alert=ALERT,
)
async def incident(call: Call, work: Work) -> Reply:
    """In the thread of an alert it is of that alert."""
    args = call.args
    named = args.get("severity")
    opened = await incidents.open_one(
        work,
        args["title"],
        call.by,
        severity=IncidentSeverity(named) if named else None,
        service=args.get("service"),
        alert_id=args.get("alert") or await alert_here(call, work),
    )
    return Reply("monitor/incident_opened", {"incident": opened})


@command.verb(
    "incident-from <alert>",
    "Open an incident of an alert, called like it",
    hidden=True,
    opens_form=False,
    also=("monitor.incident",),
    alert=ALERT,
)
async def incident_from(call: Call, work: Work) -> Reply:
    """The button of an alert's card."""
    group = await cards.find(work, call.args["alert"])
    opened = await incidents.open_one(work, group.name[:150], call.by, alert_id=group.id)
    return Reply("monitor/incident_opened", {"incident": opened})


@command.verb("incidents", "Open incidents, the worst first", reads_only=True, opens_form=False)
async def open_now(call: Call, work: Work) -> Reply:
    """One line each."""
    return Reply("monitor/incidents", {"incidents": await incidents.open_ones(work)})


@command.verb(
    "timeline <incident>",
    "What happened in an incident, from the ledger",
    examples=("INC-3",),
    reads_only=True,
    incident=INCIDENT,
)
async def timeline(call: Call, work: Work) -> Reply:
    """Oldest first, with what people noted."""
    one = await incidents.known(work, call.args["incident"])
    return Reply("monitor/timeline", {"incident": one, "moments": await incidents.timeline(work, one)})


@command.verb(
    "join <incident> with <alert>",
    "Say that an alert belongs to an incident",
    examples=("INC-3 with A-9",),
    incident=INCIDENT,
    alert=ALERT,
)
async def join(call: Call, work: Work) -> None:
    """Both threads say so."""
    await incidents.join(work, call.args["incident"], call.args["alert"], call.by)


async def _person(call: Call, tools: Tools) -> Person:
    return await tools.directory.person(call.args.get("person") or call.by.id)


@command.verb(
    "lead <incident> [by <person>]",
    "Lead an incident, or hand it to somebody",
    examples=("INC-3", "INC-3 by @Mei"),
    prepare=_person,
    incident=INCIDENT,
    person=person("who leads from now on; else you"),
)
async def lead(call: Call, work: Work) -> None:
    """Its card says who."""
    await incidents.lead(work, call.args["incident"], call.prepared, call.by)


@command.verb(
    "log <incident> <words>",
    "Keep something in an incident's timeline",
    examples=("INC-3 switched payments to the second provider",),
    incident=INCIDENT,
    words=text("what you saw or did", long=True),
)
async def log(call: Call, work: Work) -> None:
    """In its thread as well."""
    await incidents.note(work, call.args["incident"], call.args["words"], call.by)


@command.verb(
    "resolve-incident <incident> [because <outcome>]",
    "Say that an incident is over, and how",
    examples=("INC-3 because the old version is live again",),
    opens_form=False,
    incident=INCIDENT,
    outcome=text("how it ended, in a sentence"),
)
async def resolve(call: Call, work: Work) -> None:
    """Its card says so."""
    await incidents.resolve(work, call.args["incident"], call.by, call.args.get("outcome", ""))


@command.verb(
    "was-it <question> <deployment> <answer>",
    "Say whether a deployment caused an alert",
    hidden=True,
    opens_form=False,
    about=_asked_about,
    question=word(),
    deployment=id_of("D"),
    answer=choice(*map(str, Answer)),
)
async def was_it(call: Call, work: Work) -> None:
    """Only a yes is kept and counted."""
    said = Answer(call.args["answer"])
    await suspects.answer(work, call.args["question"], call.args["deployment"], said, call.by)
