"""What the author of a change says of it to customers: asked for once, and remembered for every later draft."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Self

from bot.core.refusals import Refusal
from bot.stages.release.model.draft import Brought, says_nothing

LINE_MAX = 500  # characters


def line_id(service: str, brought: Brought) -> str:
    """Names a change of a service: ``web/#812``, or by its commit."""
    return f"{service}/{brought.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLine:
    """One change, and whom we asked about it, for which release. ``text`` is empty where customers need not know."""

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("service", "release", "release+asked")

    id: str
    service: str
    release: str
    asked: str
    about: str
    asked_at: datetime
    text: str = ""
    answered_at: datetime | None = None

    def answer(self, text: str, at: datetime) -> Self:
        """With the author's words. Raises ``Refusal`` where they are too long for one line of notes."""
        said = " ".join(text.split())
        if len(said) > LINE_MAX:
            raise Refusal(f"“{said[:60]}…” has {len(said):,} characters, and {LINE_MAX} is the most of one line.")
        return replace(self, text="" if says_nothing(said) else said, answered_at=at)
