"""The team file's ``retention``: for how long what has served its time is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from bot.core.retention import Retention
from bot.sections.parts import Duration, Part

LONGEST = timedelta(days=3_650)
_DEFAULT = Retention()


def _at_least(least: str, of: timedelta, because: str) -> Callable[[timedelta], timedelta]:
    def checked(value: timedelta) -> timedelta:
        if value < of:
            raise ValueError(f"is too short: {because}; write {least} or more")
        if value > LONGEST:
            raise ValueError("is too long; write 3650d or less (the ledger is kept for ever, whatever stands here)")
        return value

    return checked


Gestures = Annotated[
    Duration, AfterValidator(_at_least("1h", timedelta(hours=1), "Slack sends again what it thinks we missed"))
]
# https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
Deliveries = Annotated[
    Duration,
    AfterValidator(
        _at_least("3d", timedelta(days=3), "GitHub sends again for 3 days, and what is forgotten would count twice")
    ),
]
Failed = Annotated[
    Duration,
    AfterValidator(_at_least("7d", timedelta(days=7), "somebody has to see what failed, and try it again")),
]
Jobs = Annotated[
    Duration,
    AfterValidator(
        _at_least("14d", timedelta(days=14), "a job that is forgotten would be done again if owed again")
    ),
]
Messages = Annotated[
    Duration,
    AfterValidator(_at_least("90d", timedelta(days=90), "a card that is forgotten takes no replies and no edits")),
]


class RetentionPart(Part):
    """Ages, by kind; each has a default and a bound that keeps the bot's promises."""

    gestures: Gestures = _DEFAULT.gestures
    deliveries: Deliveries = _DEFAULT.deliveries
    failed: Failed = _DEFAULT.failed
    jobs: Jobs = _DEFAULT.jobs
    messages: Messages = _DEFAULT.messages

    def retention(self) -> Retention:
        """The domain's."""
        return Retention(self.gestures, self.deliveries, self.failed, self.jobs, self.messages)
