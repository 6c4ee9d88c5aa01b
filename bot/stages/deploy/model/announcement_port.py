"""What deployments need of whoever wants to hear of those that went live."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.core.team import Repository


class LiveAs(StrEnum):
    """How a version went live: where there was none, after an older one, or instead of a newer one."""

    DEPLOYED = "deployed"
    UPGRADED = "upgraded"
    ROLLED_BACK = "rolledback"


@dataclass(frozen=True, slots=True)
class Told:
    """One version of a service that went live in an environment.

    Attributes:
        id: names the run that did it and no other (``D-12/1``): whoever hears it twice sees that it is the same.
        sha: "" where it is not known.
        at: when it went live, aware, UTC.
        url: where a person can look; "" where nowhere.
    """

    kind: LiveAs
    id: str
    service: str
    environment: str
    version: str
    sha: str
    repository: Repository
    at: datetime
    url: str = ""


class Outlet(Protocol):
    """Tells others, outside of Slack."""

    async def tell(self, told: Told) -> None:
        """Tell it once; telling it again is harmless. Raises ``HostUnreachable``."""
        ...
