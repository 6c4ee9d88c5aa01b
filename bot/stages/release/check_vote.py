"""Whether a yes to release notes counts still: those who said theirs before must be here."""

from collections.abc import Collection

from bot.core.ports import Work
from bot.stages.release import cards as news
from bot.stages.release import tags
from bot.stages.release.draft_and_approve import known
from bot.stages.release.model.release_state import ReleaseState


async def not_as_it_was(work: Work, id: str, seen: tuple[Collection[str], tags.Seen]) -> str:
    """Take away each yes that counts no more, as its voter has left or the tag has moved; says so, or ""."""
    here, tag = seen
    if why := await tags.not_as_it_was(work, await known(work, id), tag):
        return why
    return await fallen_away(work, id, here)


async def fallen_away(work: Work, id: str, here: Collection[str]) -> str:
    """Take away the yes of whoever has left; says so, or "" where all are here, or nobody can be asked who is.

    ``here`` are the ids of everybody in the workspace, as the directory has them.
    """
    release = await known(work, id)
    gone = release.approval.by_those_gone(here) if release.approval else ()
    if not gone or release.state is not ReleaseState.DRAFT:
        return ""
    release = release.without({vote.by for vote in gone})
    await work.save(release)
    names = ", ".join(vote.name for vote in gone)
    news.record(work, release, "votes_fell_away", votes=len(gone), of=" ".join(vote.by for vote in gone))
    await news.show(work, release)
    return (
        f"{names} approved the notes of {release.name} and left since, so that counts no more. "
        "The card shows what they need now; click again."
    )
