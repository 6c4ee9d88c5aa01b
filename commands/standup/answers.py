"""Verbs of whoever is asked: answer, skip, snooze; and what a direct message to the bot says."""

from bot.core.command import Answer, Call, Field, Form, Reply, id_of, number, person, text
from bot.core.ports import Work
from bot.stages.standup import answers, prefill, prompts
from bot.stages.standup.model.questions import Asks
from bot.stages.standup.model.read_answer import passes, read_answer
from bot.stages.standup.model.round import Round
from commands.standup.command import command

_ROUND = id_of("S", "the stand-up; else the open one that waits for you")
TITLE_MAX = 24  # characters of a form's title


@command.verb(
    "answer [<round>]",
    "Say what you did, what is next, and what holds you up",
    examples=("", "S-12"),
    opens_form=False,
    round=_ROUND,
)
async def answer(call: Call, work: Work) -> Answer:
    """A form with the stand-up's own questions, filled with what is known; sent again, it edits the answer."""
    round = await answers.round_for(work, call.args.get("round"), call.by.id)
    if call.args.get("step") != "save":
        return await _form(work, round, call.by.id)
    said = {question.id: call.args.get(question.id) or "" for question in round.questions}
    given = await answers.answer(work, round.id, call.by, said, call.args.get("unblocker"))
    return Reply("standup/thanks", {"round": round, "answer": given})


@command.verb("skip [<round>]", "Pass today", opens_form=False, round=_ROUND)
async def skip(call: Call, work: Work) -> Reply:
    """The round no longer waits for you."""
    round = await answers.round_for(work, call.args.get("round"), call.by.id)
    return Reply("standup/skipped", {"round": await answers.skip(work, round.id, call.by)})


@command.verb("snooze [<round>]", "Be asked again in 30 minutes", opens_form=False, round=_ROUND)
async def snooze(call: Call, work: Work) -> Reply:
    """The question comes again, but never after the time to answer."""
    round = await answers.round_for(work, call.args.get("round"), call.by.id)
    return Reply("standup/snoozed", {"round": round, "sent": await prompts.snooze(work, round.id, call.by)})


@command.verb(
    "later <round> <times>",
    "Put off this question",
    opens_form=False,
    hidden=True,
    also=("standup.snooze",),
    round=_ROUND,
    times=number("which question of the round it is"),
)
async def later(call: Call, work: Work) -> None:
    """The button of a question: pressed twice it puts off once."""
    await prompts.snooze(work, call.args["round"], call.by, call.args["times"])


@command.listen("answer")
async def heard(call: Call, work: Work) -> Reply | None:
    """A direct message while a stand-up waits for whoever wrote it is their answer to it, or "skip"."""
    waiting = await answers.waiting_for(work, call.by.id)
    if not waiting:
        return None
    round, words = waiting[0], str(call.args["text"])
    if passes(words):
        return Reply("standup/skipped", {"round": await answers.skip(work, round.id, call.by)})
    read = read_answer(words, round.questions)
    given = await answers.answer(work, round.id, call.by, read.said)
    return Reply("standup/heard", {"round": round, "answer": given, "sure": read.sure, "others": waiting[1:]})


async def _form(work: Work, round: Round, user_id: str) -> Form:
    filled, unblocker = await prefill.draft(work, round, user_id)
    fields = [
        Field(question.id, question.words, text(long=True), filled.get(question.id), optional=True)
        for question in round.questions
    ]
    if any(question.asks is Asks.BLOCKS for question in round.questions):
        fields.append(Field("unblocker", "Who can unblock you", person(), unblocker, optional=True))
    title = (round.name or "Stand-up")[:TITLE_MAX]
    intro = Reply("standup/intro", {"round": round, "user_id": user_id})
    return Form(title, tuple(fields), submit="Answer", carry={"round": round.id, "step": "save"}, intro=intro)
