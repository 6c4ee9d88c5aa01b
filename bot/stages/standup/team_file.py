"""The team file's ``standups``: with which stand-ups a team begins; what is edited in Slack afterwards stays so."""

import re
from collections.abc import Callable, Iterable
from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from bot.core.refusals import Refusal
from bot.core.wall_clock import days_named
from bot.core.zones import zone_named
from bot.sections.parts import Channel, Duration, Part, Several, clock, duration
from bot.stages.standup.model.questions import questions_from, questions_shown
from bot.stages.standup.model.setup import Posting, Setup
from bot.team.people.model.presence import Place

_USUAL = Setup("", "")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Za-z0-9]{1,5})?")


def known(read: Callable[[str], object]) -> AfterValidator:
    """What people may write as well in Slack, refused with the same sentence."""

    def check(value: str) -> str:
        try:
            read(value)
        except Refusal as refusal:
            raise ValueError(refusal.sentence) from None
        return value

    return AfterValidator(check)


def _place(value: str) -> str:
    if not _PLACE.fullmatch(value):
        raise ValueError(f"{value!r} is no country; write its code, such as DE, or DE-BY for a part of it")
    return value


def _reminder(value: object) -> object:
    return None if value in ("none", False) else duration(value)


class StandupPart(Part):
    """A stand-up. ``members`` are people and user groups; without ``zone`` each is asked in their own."""

    name: str = ""
    channel: Channel
    members: Several = Field(min_length=1)
    questions: list[str] = questions_shown(_USUAL.questions).splitlines()
    days: Annotated[str, known(days_named)] = "Mon-Fri"
    at: Annotated[time, BeforeValidator(clock)] = _USUAL.at
    zone: Annotated[str, known(zone_named)] | None = None
    window: Duration = _USUAL.window
    reminder: Annotated[timedelta | None, BeforeValidator(_reminder)] = _USUAL.remind_before
    posting: Posting = Posting.AS_THEY_COME
    lead: str = ""
    raise_after_days: int = Field(_USUAL.raise_after_days, ge=1, le=60)
    holidays: Annotated[str, AfterValidator(_place)] = ""

    def setup(self, key: str, members: Iterable[str], lead: str) -> Setup:
        """The stand-up that the file names ``key``, with ids of people and groups. Raises ``Refusal``."""
        ids = tuple(members)
        country, _, part = self.holidays.partition("-")
        return Setup(
            name=self.name or key,
            channel=self.channel,
            people=tuple(id for id in ids if not _GROUP.fullmatch(id)),
            groups=tuple(id for id in ids if _GROUP.fullmatch(id)),
            questions=questions_from("\n".join(self.questions)),
            weekdays=days_named(self.days),
            at=self.at,
            zone=zone_named(self.zone) if self.zone else "",
            window=self.window,
            remind_before=self.reminder,
            posting=self.posting,
            lead=lead,
            raise_after_days=self.raise_after_days,
            holidays=Place(country, part),
        ).checked()
