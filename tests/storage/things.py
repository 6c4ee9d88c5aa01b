"""Two nouns that only these tests know, and what they need to be kept and shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import MetaData

from bot.core.ledger import Entry, Subject
from bot.core.messages import Message, Rendered
from bot.storage.work import nouns

TABLES = MetaData()


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Thing:
    """Has ids of ours, X-1, X-2 …"""

    title: str
    state: State = State.OPEN
    owner: str | None = None
    version: int = 1
    seen_at: datetime | None = None
    lasts: timedelta = timedelta(hours=1)
    labels: tuple[str, ...] = ()
    id: str = ""

    PREFIX: ClassVar[str] = "X"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state", "owner", "version", "title")


@dataclass(frozen=True, slots=True)
class Place:
    """Has an id of the world's."""

    id: str
    visits: int = 0

    PREFIX: ClassVar[str] = ""
    FOUND_BY: ClassVar[tuple[str, ...]] = ()


nouns.keep(Thing, TABLES)
nouns.keep(Place, TABLES)


def entry(kind: str = "thing.opened", *subjects: str, **facts: Any) -> Entry:
    return Entry(kind, tuple(Subject.parse(subject) for subject in subjects or ("thing:X-1",)), "U1", facts)


def message(key: str, text: str = "hello", to: str = "C0DEPLOYS") -> Message:
    return Message(key, to, "shown/as-is", {"text": text})


class Rendering:
    """A ``Render`` that counts; the template ``broken`` cannot be rendered."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def __call__(self, template: str, context: Mapping[str, Any]) -> Rendered:
        self.rendered.append(template)
        if template == "broken":
            raise ValueError("no such word in the template")
        return Rendered(str(context.get("text", template)))
