"""Whether somebody wants to hear that their changes are live."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNews:
    """Somebody who has chosen; who has not is told. Its id is their user id."""

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    is_muted: bool = False
