"""The team file's ``tickets``: another tracker, whose ids people name in commits."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from bot.sections.parts import Part, one_or_more
from bot.stages.plan.model.tickets import TICKET, Tracker, is_key

_OURS = {"INC": "an incident of Eightbells"}
PROJECTS_MAX = 100


def _key(value: str) -> str:
    if not is_key(value):
        raise ValueError(
            f"{value!r} is no project's key; write what stands before the dash, such as PAY in PAY-123"
        )
    if value in _OURS:
        raise ValueError(f"{value}-7 is {_OURS[value]}")
    return value


def _address(value: str) -> str:
    if not re.match(r"https?://[^/\s{]+/\S*$", value) or value.count(TICKET) != 1:
        raise ValueError(f"leads to no ticket; write https://jira.example.com/browse/{TICKET}")
    return value


Keys = Annotated[
    list[Annotated[str, AfterValidator(_key)]], BeforeValidator(one_or_more), Field(max_length=PROJECTS_MAX)
]


class TicketsPart(Part):
    """Projects by their keys, and where a ticket is read."""

    keys: Keys = Field(default_factory=list[str])
    url: Annotated[str, AfterValidator(_address)] | None = None

    def tracker(self) -> Tracker:
        """The domain's."""
        return Tracker(tuple(self.keys), self.url or "")
