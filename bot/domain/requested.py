"""What a request for a deployment says beside which version goes where."""

from typing import TypedDict

from bot.domain.ships import Ships, Version


class About(TypedDict, total=False):
    """Each is as the field of ``Deployment`` that has its name."""

    sha: str | None
    because: str
    ships: Ships
    before: Version | None
    rolls_back: str
    overrides: str
    fixes: str
    artifact: str
