"""Keeps published notes true: what is rolled back, or hidden by a flag, is struck through wherever it was read."""

from typing import Any

from bot.core.find_or_refuse import every
from bot.core.ledger import Subject
from bot.core.messages import Message
from bot.core.people import Person
from bot.core.ports import Work
from bot.core.refusals import Refusal, Stale
from bot.stages.deploy.model.deployment import Deployment
from bot.stages.flags.model.flag import MOST_FLAGS, Flag, FlagState
from bot.stages.release import cards as news
from bot.stages.release import what_is_live, write_elsewhere
from bot.stages.release.draft_and_approve import known
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import BY_HAND, FLAG_OFF, ReleaseState, Strike, added, causes

TOLD_MOST = 1_000  # ledger entries of a change, in which its releases are found


async def after_deployment(work: Work, deployment: Deployment) -> None:
    """To be called when a deployment has succeeded: one that takes back what a release brought corrects its notes.

    Only the last environment counts, as it is where readers are. What comes back later is live again.
    """
    if deployment.environment != last(work):
        return
    move = await what_is_live.move_of(work, deployment)
    told: list[Release] = []
    for before in await published(work, deployment.service):
        told.append(move.told_to(before, work.now))
        await correct(work, before, told[-1])
    what_is_live.owe_a_look(work, move, told)


async def after_flag(work: Work, flag: Flag, environment: str | None = None) -> None:
    """To be called when a flag is new, or served differently: while it is off, what it hides is struck through."""
    if environment not in (None, last(work)):
        return
    for release in await _with_hidden(work, flag):
        await correct(work, release, _seen_through(work, release, flag))


async def after_publication(work: Work, release: Release) -> Release:
    """What was taken back before anybody read of it, and what a flag still hides, is said to be so at once."""
    before = release
    moves = await what_is_live.moves_so_far(work, release.service, last(work))
    for move in moves:
        release = move.told_to(release, work.now)
    if moves:
        open_ones = (move for move in reversed(moves) if move.is_open_for(release))
        what_is_live.owe_a_look(work, next(open_ones, moves[-1]), [release])
    for flag in await hiding(work, release):
        release = _seen_through(work, release, flag)
    await correct(work, before, release)
    return release


async def hiding(work: Work, release: Release) -> list[Flag]:
    """Flags that are off where readers are, and hide something that this release brings."""
    flags = await work.find(Flag, state=FlagState.ACTIVE, limit=MOST_FLAGS, newest_first=False)
    return [flag for flag in flags if flag.serving(last(work)).is_off and _hidden(release, flag)]


async def by_hand(work: Work, id: str, number: int, by: Person, because: str) -> Release:
    """Strike one line through, as a person knows better. Raises ``Refusal``, ``Stale`` where it is struck already."""
    before = await _with_line(work, id, number)
    release = before.strike(Strike((number,), BY_HAND, work.now, because=because.strip(), by=by.id))
    if release is before:
        raise Stale(f"Line {number} of {before.id} is struck through by hand already.")
    await correct(work, before, release)
    return release


async def take_back(work: Work, id: str, number: int, by: Person) -> Release:
    """Not struck by hand any more, and live where no other cause is left. Raises ``Refusal``, ``Stale``."""
    before = await _with_line(work, id, number)
    release = before.lift((number,), BY_HAND)
    if release is before:
        is_struck = number in before.struck
        also = " It is struck through as it is not live, which its card explains." if is_struck else ""
        raise Stale(f"Nobody struck line {number} of {before.id} through by hand.{also}")
    await correct(work, before, release, by.id)
    return release


async def correct(work: Work, before: Release, release: Release, by: str = "") -> None:
    """Make true whatever stands anywhere, and say once in each thread what has changed.

    Where only the causes have changed, and no line for its readers, the notes name them and no thread says anything.
    """
    if release is before:
        return
    await work.save(release)
    news.say_notes(work, release, before)
    turned = before.struck ^ release.struck
    new = added(before.strikes, release.strikes)
    context = {
        "release": release,
        "is_struck": len(release.struck) > len(before.struck),
        "strikes": causes(new),
        "lines": [line for number, line in release.numbers.items() if number in turned],
    }
    for post in release.posts if turned else ():
        first = news.post_key(release, post)
        key = f"{first}:correction:{release.corrections}"
        work.say(Message(key, post.channel, "release/corrected", context, thread_of=first))
    by = next((strike.by or strike.told_by for strike in new), by)
    news.record(work, release, "corrected", by, lines=len(turned), live=not new)
    if release.host_url and turned:
        write_elsewhere.owe(work, release, release.on_host)
    await news.show(work, release)


def _seen_through(work: Work, release: Release, flag: Flag) -> Release:
    hidden = _hidden(release, flag)
    if not hidden:
        return release
    if flag.serving(last(work)).is_off:
        return release.strike(Strike(hidden, FLAG_OFF, work.now, flag.id))
    return release.lift(hidden, FLAG_OFF, flag.id)


async def _with_hidden(work: Work, flag: Flag) -> list[Release]:
    """What people have read of something that it hides, of whichever service and however old."""
    if not flag.change and not flag.release:
        return []
    ids = [flag.release] if flag.release else []
    told = await work.history(Subject("change", flag.change), limit=TOLD_MOST) if flag.change else []
    ids += [subject.name for one in told for subject in one.entry.subjects if subject.kind == "release"]
    ids += [release.id for release in await published(work, None)] if flag.change else []
    found = [await work.get(Release, id) for id in dict.fromkeys(ids)]
    return [release for release in found if release is not None and release.is_published]


def _hidden(release: Release, flag: Flag) -> tuple[int, ...]:
    """Numbers of what a flag hides: what belongs to its change, or all of its release where it names no change."""
    if flag.change:
        return tuple(one.number for one in release.brought if flag.change in one.changes)
    return tuple(release.numbers) if flag.release == release.id else ()


async def _with_line(work: Work, id: str, number: int) -> Release:
    release = await known(work, id)
    if not release.is_published:
        raise Refusal(
            f"Nobody has read the notes of {release.name} yet. Change them with “/release edit {release.id}”."
        )
    if number not in release.numbers:
        raise Refusal(
            f"{release.id} has no line {number}. “/release notes {release.id}” numbers them.", field="line"
        )
    return release


async def published(work: Work, service: str | None) -> list[Release]:
    """Every release of a service, or of all, that people have read: what is taken back may be old."""
    where: dict[str, Any] = {"service": service} if service else {}
    return await every(work, Release, state=ReleaseState.PUBLISHED, **where)


def last(work: Work) -> str:
    """The environment in which readers are: the last one that a version comes to."""
    environments = work.team.environments.values()
    return max(environments, key=lambda one: one.order).name if environments else ""
