"""Whether the tag that release notes are about is where it was when they were drafted, and approved."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.core.ports import Tools, Work
from bot.core.versions import in_full
from bot.stages.code.model.ports import CodeHost, HostUnreachable, RefUnknown
from bot.stages.release import cards as news
from bot.stages.release.model.moved import moved
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ReleaseState

WITHIN_SECONDS = 1.4  # Slack waits 3 s in all
AGAIN_AFTER, UNSEEN_FOR = timedelta(minutes=1), timedelta(minutes=15)  # of what is published by itself


@dataclass(frozen=True, slots=True)
class Seen:
    """Where the tag is now: its commit, "" where it is no tag, or the ``trouble`` of asking; and instead of what."""

    sha: str = ""
    trouble: str = ""
    instead_of: str | None = None


async def look(tools: Tools, id: str) -> Seen:
    """Where its tag is now; not asked of notes that need no approval, nor of a branch, which moves as people work."""
    async with tools.unit() as work:
        release = await work.get(Release, id)
    service = tools.team.services.get(release.service) if release else None
    is_asked = release and release.state is ReleaseState.DRAFT and release.approval and release.sha
    if release is None or service is None or not is_asked:
        return Seen()
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            sha = await tools.port(CodeHost).resolve(service.repository, in_full(release.until, "tags"))
    except RefUnknown:
        return Seen()
    except (HostUnreachable, TimeoutError) as reason:
        why = str(reason) or "it does not answer in time"
        return Seen(trouble=f"I cannot see whether {release.until} is still {(release.sha or '')[:7]}: {why}")
    return Seen(sha, instead_of=release.sha)


async def not_as_it_was(work: Work, release: Release, seen: Seen) -> str:
    """Send the notes back to those who approve where their tag has moved; says so, or "" where all is as it was."""
    if seen.trouble:
        return f"{seen.trouble}. Nothing was decided or published. Try again in a minute."
    if not seen.sha or seen.sha == release.sha or release.state is not ReleaseState.DRAFT:
        return ""
    if seen.instead_of != release.sha:
        return f"{release.name} has changed while I looked. Read its card, then click again."
    before = release
    release = moved(before, seen.sha, work.now)
    await work.save(release)
    news.record(work, release, "moved", was=before.sha, fell_away=release.fell_away)
    await news.show(work, release)
    return (
        f"{release.until} was moved from {(before.sha or '')[:7]} to {seen.sha[:7]} since these notes were drafted. "
        "They need their approvals anew; the card says what to do first."
    )
