"""What a request for a deployment says beside which version goes where."""

from datetime import datetime
from typing import TypedDict

from bot.stages.deploy.model.changes_shipped import Ships, Version


class About(TypedDict, total=False):
    """Each is as the field of ``Deployment`` that has its name."""

    sha: str | None
    because: str
    ships: Ships
    before: Version | None
    rolls_back: str
    unapproved: str
    overrides: str
    overrides_since: datetime | None
    fixes: str
    artifact: str
    through_app: bool


class Passes(TypedDict):
    """What a request asks to pass, by which reason, and by whose hand; ``not_by`` may not say yes to that."""

    because: str
    overrides: str
    overrides_since: datetime | None
    fixes: str
    not_by: str
    through_app: bool


def yeses_needed(approvals: int, about: About) -> int:
    """How many others must say yes where the environment asks for so many.

    What passes a freeze, or rules as the fix of an incident, needs one at least. A rollback needs none, if its version
    was approved and live there before; else one at least, as it passes every rule.
    """
    if about.get("rolls_back") and not about.get("unapproved"):
        return 0
    return max(approvals, any(about.get(name) for name in ("overrides", "fixes", "unapproved")))
