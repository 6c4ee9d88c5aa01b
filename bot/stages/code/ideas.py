"""Ideas: shared, voted for, and in the end made into a change or given up with a reason."""

from bot.core.find_or_refuse import found
from bot.core.ledger import Entry, Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.code.model.idea import Idea, IdeaState, ranked
from bot.stages.plan import cards, changes
from bot.stages.plan.model.change import Change


async def share(work: Work, text: str, by: Person) -> Idea:
    """Post an idea's card. Raises ``Refusal`` where it is empty or too long."""
    idea = await work.add(Idea.share(text, by, work.now, channel=work.team.channel_for(Stage.CODE)))
    _record(work, idea, "shared", by)
    await cards.show_idea(work, idea)
    return idea


async def vote(work: Work, id: str, by: Person) -> Idea:
    """Their vote, given or taken back. Raises ``Unknown``, and ``Stale`` where something became of it.

    The ledger does not hear of votes: who gave one is nobody's business.
    """
    before = await known(work, id)
    idea = before.toggle(by.id, work.now)
    if idea is not before:
        await work.save(idea)
        await cards.show_idea(work, idea)
    return idea


async def promote(work: Work, id: str, by: Person, title: str | None = None) -> tuple[Idea, Change]:
    """Plan a change that carries it out, linked both ways. Raises ``Unknown``, ``Stale``, ``Refusal``."""
    idea = await known(work, id)
    idea.must_be_open(work.now)
    change = await changes.plan(work, title or idea.title, by, goal=idea.text, came_from=idea.id)
    idea = idea.become(change.id, by, work.now)
    await work.save(idea)
    _record(work, idea, "planned", by, change.subject)
    cards.say_idea(work, idea, change)
    _tell(work, idea)
    return idea, change


async def close(work: Work, id: str, by: Person, because: str) -> Idea:
    """Give it up; its card and its thread say why. Raises ``Unknown``, ``Stale``, ``Refusal``."""
    idea = (await known(work, id)).close(by, work.now, because)
    await work.save(idea)
    _record(work, idea, "closed", by)
    await cards.show_idea(work, idea)
    _tell(work, idea)
    return idea


async def known(work: Work, id: str) -> Idea:
    """The idea that a person named. Raises ``Unknown``."""
    return await found(work, Idea, id, "idea", field="idea")


async def open_ones(work: Work) -> list[Idea]:
    """What may still become something: most votes first, then the oldest."""
    return ranked(await work.find(Idea, state=IdeaState.OPEN))


def _tell(work: Work, idea: Idea) -> None:
    """Whoever talked about it in its thread hears what became of it."""
    key = cards.idea_key(idea.id)
    work.say(Message(f"{key}:ended", idea.channel, "code/idea_ended", {"idea": idea}, thread_of=key))


def _record(work: Work, idea: Idea, what: str, by: Person, *others: Subject) -> None:
    work.record(Entry(f"idea.{what}", (idea.subject, *others), by.id, {"votes": len(idea.votes)}))
