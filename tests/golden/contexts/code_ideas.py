"""Examples of what is said about ideas."""

from dataclasses import replace
from datetime import timedelta

from bot.core.people import Person
from bot.stages.code.model.idea import Idea
from bot.stages.plan.model.change import Change
from tests.golden.contexts.plan import NOON

ANA = Person("U0ANA", "Ana")
HOUR = timedelta(hours=1)
IDEA = replace(
    Idea.share("Cache the price list for a minute\n<!channel> it is read 400 times a second", ANA, NOON),
    id="I-3",
    channel="#code",
)
LIKED = IDEA.toggle("U0TOM", NOON + HOUR).toggle("U0MEI", NOON + HOUR)
CHANGE = Change.plan("Cache the price list", ANA, NOON + 2 * HOUR, came_from="I-3", channel="#plan")
CHANGE = replace(CHANGE, id="C-60")
PLANNED = LIKED.become("C-60", ANA, NOON + 2 * HOUR)
CLOSED = LIKED.close(ANA, NOON + 2 * HOUR, "prices change every few seconds")

CONTEXTS = {
    "code/idea": {"idea": IDEA, "change": None},
    "code/idea#liked": {"idea": LIKED, "change": None},
    "code/idea#planned": {"idea": PLANNED, "change": CHANGE},
    "code/idea#closed": {"idea": CLOSED, "change": None},
    "code/idea_ended": {"idea": CLOSED},
    "code/idea_ended#planned": {"idea": PLANNED},
    "code/shared": {"idea": IDEA},
    "code/ideas": {"ideas": [LIKED, IDEA]},
    "code/ideas#none": {"ideas": []},
    "code/voted": {"idea": LIKED, "yours": True},
    "code/voted#taken-back": {"idea": IDEA, "yours": False},
    "code/promoted": {"idea": PLANNED, "change": CHANGE},
    "code/dropped": {"idea": CLOSED},
}
