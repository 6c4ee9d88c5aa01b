"""What people tell of when they are there, each for themselves; whatever is planned for them follows."""

from collections.abc import Callable
from datetime import date

from bot.core.ledger import Entry, Subject
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.stages.standup import plan_day, replan
from bot.team.people.model.presence import Place, Presence
from bot.team.services import person_of_login


async def presence_of(work: Work, user_id: str) -> Presence:
    """What somebody told of when they are there; where they told nothing, that."""
    return await work.get(Presence, user_id) or Presence(id=user_id)


async def live_in(work: Work, by: Person, zone: str) -> Presence:
    """Choose a zone of one's own; "" follows Slack again."""
    told = await _tell(work, by, "zone", lambda presence: presence.live_in(zone))
    _answered(work, told)
    return told


async def confirm(work: Work, by: Person, zone: str) -> Presence:
    """Say that the zone which Slack has is right."""
    told = await _tell(work, by, "zone", lambda presence: presence.confirm(zone))
    _answered(work, told)
    return told


async def leave(work: Work, by: Person, until: date, because: str) -> Presence:
    """Be away from today until this day. Raises ``Refusal`` where that is no leave."""
    return await _tell(
        work, by, "leave", lambda presence: presence.leave(_today(work, by, presence), until, because)
    )


async def come_back(work: Work, by: Person) -> Presence:
    """Be back today. Raises ``Stale`` where they were not away."""
    return await _tell(work, by, "leave", lambda presence: presence.come_back(_today(work, by, presence)))


async def take_holidays(work: Work, by: Person, place: Place) -> Presence:
    """Have the public holidays of a place; of nowhere: none."""
    return await _tell(work, by, "holidays", lambda presence: presence.take_holidays(place))


async def work_on(work: Work, by: Person, weekdays: tuple[int, ...]) -> Presence:
    """Work on these days of the week."""
    return await _tell(work, by, "days", lambda presence: presence.work_on(weekdays))


async def be_on_code_host(work: Work, by: Person, login: str) -> Presence:
    """Say who one is on the code host; "" takes it back. Raises ``Refusal`` where somebody else is that already."""
    wanted = Presence(id=by.id).is_on_code_host(login).github_login
    other = await person_of_login(work, wanted)
    if wanted and other not in ("", by.id):
        raise Refusal(
            f"{wanted} is linked to somebody else ({other}). If that is wrong, ask them, or who keeps the team file.",
            field="login",
        )
    return await _tell(work, by, "login", lambda presence: presence.is_on_code_host(login))


async def _tell(work: Work, by: Person, what: str, change: Callable[[Presence], Presence]) -> Presence:
    before = await work.get(Presence, by.id)
    after = change(before or Presence(id=by.id))
    if after == before:
        return after
    await (work.save(after) if before else work.add(after))
    # Where somebody lives, and why they are away, stays out of the ledger: it can be erased only from a row.
    work.record(Entry("presence.changed", (Subject("person", by.id),), by.id, {"what": what}))
    replan.follow_person(work, by.id)
    return after


def _today(work: Work, by: Person, presence: Presence) -> date:
    return presence.today(by, work.now)


def _answered(work: Work, presence: Presence) -> None:
    if presence.zone_asks:
        plan_day.say_zone(work, presence, "")
