"""Asks the authors of changes, once, what customers should read of them; their words go into every later draft."""

from collections.abc import Iterable, Mapping

from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal
from bot.stages.release import cards as news
from bot.stages.release.model.customer_line import CustomerLine, line_id
from bot.stages.release.model.draft import TITLES, Brought
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release, ReleaseState
from bot.team.services import person_of_login

LINES_MAX = 10  # one person is asked about; more is a chore that nobody does


async def ask_authors(work: Work, release: Release, unsaid: Iterable[int]) -> Release:
    """The release with what authors have said before; those of the rest are asked, if customers read its notes.

    Nobody is asked twice about the same change, whatever became of the release.
    """
    if all(voice is not Voice.CUSTOMERS for voice, _ in news.readers(work, release)):
        return release
    open_ones: list[Brought] = []
    for brought in (release.brought[number - 1] for number in unsaid):
        line = await work.get(CustomerLine, line_id(release.service, brought))
        if line is None:
            open_ones.append(brought)
        elif line.text:
            release = release.says(brought.number, line.text, "", work.now)
    for user_id, theirs in (await _by_person(work, open_ones)).items():
        asked = [await work.add(_line(work, release, user_id, brought)) for brought in theirs]
        _tell(work, release, user_id, asked)
    return release


async def asked_of(work: Work, release: Release, user_id: str) -> list[CustomerLine]:
    """What somebody was asked about for this release, in order. Raises ``Refusal`` where it is nothing."""
    lines = await work.find(CustomerLine, release=release.id, asked=user_id, newest_first=False)
    if not lines:
        raise Refusal(
            f"Nobody asked you about {release.id} {release.name}. "
            f"Its words are changed with “/release edit {release.id}”."
        )
    return lines


async def answer(work: Work, release: Release, by: Person, texts: Mapping[str, str]) -> int:
    """Keep what somebody wrote, by id of the line, and put it into every draft that brings the change.

    Gives how many of the texts came too late for the release that they were asked for. Raises ``Refusal``.
    """
    lines = await asked_of(work, release, by.id)
    said: dict[str, CustomerLine] = {}
    for line in lines:
        if text := texts.get(line.id, "").strip():
            said[line.id] = line.answer(text, work.now)
            await work.save(said[line.id])
    drafts = await work.find(Release, service=release.service, state=ReleaseState.DRAFT)
    for each in drafts:
        written = each
        for brought in each.brought:
            line = said.get(line_id(each.service, brought))
            if line is not None and line.text:
                written = written.says(brought.number, line.text, by.id, work.now)
        if written is not each:
            await work.save(written)
            if each.id != release.id and each.approval is not None and each.approval.votes:
                of = " ".join(vote.by for vote in each.approval.votes)
                news.record(work, written, "votes_fell_away", votes=len(each.approval.votes), of=of)
            await news.show(work, written)
    _tell(work, release, by.id, [said.get(line.id, line) for line in lines])
    if said:
        news.record(work, release, "customer_lines_written", by.id, lines=len(said))
    return 0 if release.id in {each.id for each in drafts} else len(said)


async def _by_person(work: Work, open_ones: Iterable[Brought]) -> dict[str, list[Brought]]:
    """Changes by the user id of their author, what customers care about most first."""
    found: dict[str, list[Brought]] = {}
    for brought in sorted(open_ones, key=lambda one: TITLES.index(one.title)):
        author = await person_of_login(work, brought.login)
        if author and len(found.setdefault(author, [])) < LINES_MAX:
            found[author].append(brought)
    return found


def _line(work: Work, release: Release, user_id: str, brought: Brought) -> CustomerLine:
    return CustomerLine(
        id=line_id(release.service, brought),
        service=release.service,
        release=release.id,
        asked=user_id,
        about=brought.text[:200],
        asked_at=work.now,
    )


def _tell(work: Work, release: Release, user_id: str, lines: list[CustomerLine]) -> None:
    context = {"release": release, "lines": lines, "is_open": any(line.answered_at is None for line in lines)}
    work.say(Message(f"release:{release.id}:asked:{user_id}", user_id, "release/asked", context))
