"""Verbs about what is held about oneself: my-data, forget-me."""

from bot.core.command import Call, Reply
from bot.core.ports import Work
from bot.stages.standup import privacy
from commands.standup.command import command


@command.verb("my-data", "Get a file of what stand-ups hold about you", opens_form=False)
async def my_data(call: Call, work: Work) -> Reply:
    """By direct message: answers, settings, when you were asked."""
    return Reply("standup/my_data", {"held": await privacy.send(work, call.by, call.key)})


@command.verb("forget-me", "Erase your answers' words and your settings", reads_only=True, opens_form=False)
async def forget_me(call: Call, work: Work) -> Reply:
    """Asks first."""
    return Reply("standup/forget_me", {"held": await privacy.held_about(work, call.by.id)})


@command.verb(
    "forget-me-now", "Erase them, asked and confirmed", opens_form=False, hidden=True, also=("standup.forget-me",)
)
async def forget_me_now(call: Call, work: Work) -> Reply:
    """The button of the question."""
    privacy.order_forgetting(work, call.by, call.key)
    return Reply("standup/forgetting", {})
