"""A release whose tag has moved: nobody has agreed to notes of the commit at which it is now."""

from dataclasses import replace
from datetime import datetime

from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import ReleaseState


def moved(release: Release, sha: str, at: datetime) -> Release:
    """About the commit at which its tag is now, without the votes on the old one. Raises ``Stale``."""
    release.must_be(ReleaseState.DRAFT, at=at)
    was = (release.sha or "")[:7]
    caveat = (
        f"{release.until} was moved from {was} to {sha[:7]} since these notes were drafted, so they may lack what came "
        "with that. Draft them anew, or edit and approve them."
    )
    approval = release.approval
    return replace(
        release,
        sha=sha,
        caveats=(*release.caveats, caveat),
        approval=approval.without_votes() if approval else None,
        fell_away=len(approval.approvals) if approval else 0,
        plan=None,
    )
