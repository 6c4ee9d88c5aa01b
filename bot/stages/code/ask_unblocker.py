"""A blocker's next step, one at a time: ask whoever it is with, in their morning; raise it to the lead in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from bot.core.handlers import due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.people import Person
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.core.team import Team
from bot.stages.code import blocker_cards as news
from bot.stages.code.model.blocker import LATE, RAISE_AFTER_DAYS, Blocker
from bot.stages.standup.model.round import Round
from bot.stages.standup.model.setup import Standup
from bot.team.people.model.ports import Holidays
from bot.team.people.model.presence import NOWHERE, HolidayNames, Place, Presence
from bot.team.people.model.working_hours import Hours, on_weekdays, why_not_askable

LEADS = "leads"  # the role of the team file that hears of old blockers where neither stand-up nor service says who
ASK_SLACK_AGAIN = timedelta(minutes=2)
_NO_HOLIDAYS: HolidayNames = {}


def step_key(blocker: Blocker) -> str:
    """The key of the job that is its next step."""
    return f"blocker.next:{blocker.id}:{blocker.step}"


async def owe_next(work: Work, blocker: Blocker, *, in_its_job: bool = False) -> Blocker:
    """Keep the blocker with its next step owed, and the one before it no longer."""
    if not in_its_job:  # the job that is running ends by itself
        work.forgive(step_key(blocker))
    blocker = blocker.onward()
    await work.save(blocker)
    args = {"blocker": blocker.id, "step": blocker.step}
    work.owe(Job("blocker.next", step_key(blocker), blocker.next_at, args))
    return blocker


@due_outside("blocker.next")
async def go_on(tools: Tools, it: Due) -> Outcome | Again:
    """Do what is next about an open blocker; nothing where it was closed, or somebody did something since."""
    id, step = str(it.job.args["blocker"]), int(it.job.args["step"])
    async with tools.unit() as work:
        blocker = await _owed(work, id, step)
        standup = await standup_of(work, blocker.answer_id) if blocker else None
    if blocker is None:
        return Outcome.NOOP
    try:
        people = [await tools.directory.person(each) for each in {blocker.owner_id, blocker.with_id}]
        leads = _leads(tools.team, blocker, standup, await tools.directory.people())
    except Refusal as silent:
        return Again(ASK_SLACK_AGAIN, silent.sentence)
    usual = standup.setup.holidays if standup else NOWHERE
    hours = await hours_of(tools, *people, *leads, usual=usual)
    asking = _Asking({person.id: person for person in people}, leads, hours, standup)

    async def take_step(work: Work) -> Outcome:
        blocker = await _owed(work, id, step)
        if blocker is None:
            return Outcome.NOOP  # somebody was quicker; what they did owes a step of its own
        blocker = _planned(blocker, asking)
        blocker = _asked(work, blocker, asking)
        blocker = _raised(work, blocker, asking)
        await news.show(work, await owe_next(work, blocker, in_its_job=True))
        return Outcome.DONE

    return await tools.unit.run(take_step)


async def hours_of(tools: Tools, *people: Person, usual: Place = NOWHERE) -> dict[str, Hours]:
    """When each of them can be asked, by user id, as far as Slack and they themselves have told.

    ``usual`` is whose public holidays they have that named no country of their own.
    """
    async with tools.unit() as work:
        presences = [await work.get(Presence, each.id) or Presence(id=each.id) for each in people]
    this_year = tools.clock.now().year
    found: dict[str, Hours] = {}
    for person, presence in zip(people, presences, strict=True):
        place = presence.holidays_of(usual)
        holidays = await tools.port(Holidays).of(place, (this_year, this_year + 1)) if place else _NO_HOLIDAYS
        found[person.id] = Hours(presence.zone_of(person), partial(_works, presence, holidays))
    return found


def _works(presence: Presence, holidays: HolidayNames, day: date) -> bool:
    """Whether they work on a day; Monday to Friday where they said nothing of their week."""
    return (bool(presence.weekdays) or on_weekdays(day)) and presence.works(day, holidays)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Everything outside of the transaction that a step needs to know."""

    people: Mapping[str, Person]  # the owner, and whoever is asked
    leads: Sequence[Person]
    hours: Mapping[str, Hours]
    standup: Standup | None


async def _owed(work: Work, id: str, step: int) -> Blocker | None:
    """The blocker, if this is still its next step."""
    blocker = await work.get(Blocker, id)
    return blocker if blocker and blocker.is_open and blocker.step == step else None


async def standup_of(work: Work, answer_id: str | None) -> Standup | None:
    """The stand-up in which a blocker was aired."""
    round = await work.get(Round, answer_id.partition("/")[0]) if answer_id else None
    return await work.get(Standup, round.standup_id) if round and round.standup_id else None


def _planned(blocker: Blocker, asking: _Asking) -> Blocker:
    """When the lead hears of it; and its owner, who just told of it, is not asked before tomorrow."""
    if blocker.raise_at is not None:
        return blocker
    hours = asking.hours[blocker.owner_id]
    days = asking.standup.setup.raise_after_days if asking.standup else RAISE_AFTER_DAYS
    is_news = blocker.unblocker_id is None and not blocker.handed_back_by
    ask_at = hours.next_morning(blocker.opened_at) if is_news else None
    return blocker.plan(hours.after_days(blocker.opened_at, days), ask_at)


def _asked(work: Work, blocker: Blocker, asking: _Asking) -> Blocker:
    """Ask whoever it is with, if it is time and they work now; otherwise put it off to when they do."""
    now = work.now
    ask_at = blocker.ask_at or blocker.opened_at
    if ask_at > now:
        return blocker
    if blocker.unblocker_id and (why := why_not_askable(asking.people[blocker.unblocker_id])):
        unreachable = blocker.unblocker_id
        blocker = blocker.hand_back(unreachable, now)
        news.record(work, blocker, "handed_back", unreachable)
        news.tell(work, blocker, "unreachable", who=unreachable, why=why)
    holder, hours = asking.people[blocker.with_id], asking.hours[blocker.with_id]
    if not hours.is_open(now):
        return _put_off(blocker, hours, ask_at, now)
    again_at = hours.next_morning(now)
    if holder.is_gone or holder.is_bot:
        return blocker.put_off(again_at)  # nobody is left to ask; the lead hears of it in time
    if blocker.asks:
        news.show_ask(work, blocker, asked_again=blocker.asked_id == holder.id)
    blocker = blocker.asked(now, again_at)
    news.record(work, blocker, "asked", asked=holder.id, times=blocker.asks)
    return blocker


def _put_off(blocker: Blocker, hours: Hours, ask_at: datetime, now: datetime) -> Blocker:
    """To their next morning; the owner of what is with somebody else learns when that is."""
    owed_at = ask_at if hours.is_open(ask_at) and now - ask_at > LATE else None
    until = hours.next_open(now)
    if blocker.unblocker_id:
        return blocker.wait_for_morning(until, owed_at=owed_at)
    return blocker.put_off(until, owed_at=owed_at)


def _raised(work: Work, blocker: Blocker, asking: _Asking) -> Blocker:
    """Tell the lead whose working hours come first, in these; the thread says so where there is nobody to tell."""
    if blocker.raised_at or blocker.raise_at is None or blocker.raise_at > work.now:
        return blocker
    lead = min(asking.leads, key=lambda each: asking.hours[each.id].next_open(work.now), default=None)
    if lead and (at := asking.hours[lead.id].next_open(work.now)) > work.now:
        return blocker.plan(raise_at=at)
    raised = blocker.raised(lead.id if lead else "", work.now)
    news.record(work, raised, "raised", to=raised.raised_to)
    news.tell(work, raised, "raised")
    return raised


def _leads(team: Team, blocker: Blocker, standup: Standup | None, everybody: Sequence[Person]) -> list[Person]:
    """The stand-up's lead, else the service's owners, else the role "leads"; never who is in it themselves."""
    service, role = team.services.get(blocker.service or ""), team.roles.get(LEADS)
    for named in (
        {standup.setup.lead} if standup else set[str](),
        set(service.owners) if service else set[str](),
        role.people | role.groups if role else set[str](),
    ):
        found = [person for person in everybody if person.is_member and named & {person.id, *person.groups}]
        found = [person for person in found if person.id not in (blocker.owner_id, blocker.unblocker_id)]
        if found:
            return found
    return []
