"""Examples of what is said about feedback and concerns."""

from dataclasses import replace
from datetime import timedelta

from bot.core.people import Person
from bot.stages.manage.model.feedback import Concern, Feedback
from tests.golden.contexts.plan import BARE, DONE, NOON, PLANNED

ANA = Person("U0ANA", "Ana")
SAID = replace(
    Feedback.file(
        "Checkout is <quicker> now,\nbut where is the receipt?",
        ANA,
        NOON,
        service="web",
        from_whom="a shop in Osaka",
        channel="#manage",
    ),
    id="F-3",
)
WORRY = replace(Concern.file("The nightly export takes twice as long.", ANA, NOON, channel="#manage"), id="N-2")
PLANNED_FOR = SAID.become("C-41", ANA, NOON + timedelta(hours=1))
CLOSED = WORRY.close(ANA, NOON + timedelta(hours=1), "the new disks solved it")

CONTEXTS = {
    "manage/card": {"remark": SAID, "change": None},
    "manage/card#concern": {"remark": WORRY, "change": None},
    "manage/card#planned": {"remark": PLANNED_FOR, "change": PLANNED},
    "manage/card#done": {"remark": PLANNED_FOR, "change": DONE},
    "manage/card#closed": {"remark": CLOSED, "change": None},
    "manage/filed": {"remark": SAID},
    "manage/list": {"remarks": [WORRY, SAID], "total": 7, "service": None},
    "manage/list#none": {"remarks": [], "total": 0, "service": "web"},
    "manage/closed": {"remark": CLOSED},
    "manage/planned": {"change": BARE, "remark": SAID},
}
