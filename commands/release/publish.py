"""/release publish, schedule, unschedule, correct and uncorrect: the notes where people read them, and true there."""

from collections.abc import Collection

from bot.core.command import Answer, Call, Field, Form, Reply, choice, number, text, when
from bot.core.ports import Work
from bot.core.refusals import Stale
from bot.stages.release import check_vote
from bot.stages.release import correct as release_correct
from bot.stages.release import draft_and_approve as releases
from bot.stages.release import publish as release_publish
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import BY_HAND
from commands.release.command import command
from commands.release.notes import RELEASE, prepared

OPTIONS_MAX = 100  # lines to choose from; a select of Slack's holds no more
OPTION_MAX = 70  # characters


@command.verb(
    "publish <release>",
    "Post the notes to everybody who reads them",
    examples=("R-4",),
    prepare=prepared,
    release=RELEASE,
)
async def publish(call: Call, work: Work) -> Reply:
    """Once; a second click is told who published it and when."""
    if why := await check_vote.not_as_it_was(work, call.args["release"], call.prepared):
        return Reply("release/not_done", {"why": why})
    release = await release_publish.publish(work, call.args["release"], call.by)
    return Reply("release/published", {"release": release})


@command.verb(
    "schedule <release> at <at>",
    "Have the notes posted by themselves",
    examples=("R-4 at 17:00", "R-4 at Mon 09:00"),
    release=RELEASE,
    at=when("when, in your own time"),
)
async def schedule(call: Call, work: Work) -> Reply:
    """Another hour moves it; what is missing then is told to whoever scheduled it."""
    release = await release_publish.schedule(work, call.args["release"], call.args["at"], call.by)
    return Reply("release/scheduled", {"release": release})


@command.verb(
    "unschedule <release>",
    "Have the notes not posted by themselves after all",
    examples=("R-4",),
    release=RELEASE,
)
async def unschedule(call: Call, work: Work) -> None:
    """Its card says so."""
    await release_publish.unschedule(work, call.args["release"], call.by)


@command.verb(
    "correct <release> [line <line>] [because <reason>]",
    "Strike a line of published notes through, wherever it was posted",
    examples=("R-4 line 12 because it did not make it",),
    release=RELEASE,
    line=number("which one, as “/release notes” numbers them"),
    reason=text("why"),
)
async def correct(call: Call, work: Work) -> Answer:
    """Without a line, a form to choose it from."""
    args = call.args
    chosen = args.get("line") or _number(args.get("chosen"))
    if chosen is None:
        release = await releases.known(work, args["release"])
        why = Field("reason", "Why", text(), optional=True)
        left = release.numbers.keys() - release.struck_for(BY_HAND)
        return _form(release, call, left, "Strike through", why)
    release = await release_correct.by_hand(work, args["release"], chosen, call.by, args.get("reason") or "")
    return Reply("release/published", {"release": release})


@command.verb(
    "uncorrect <release> [line <line>]",
    "Take a correction by hand back: the line is live after all",
    examples=("R-4 line 12",),
    release=RELEASE,
    line=number("which one, as “/release notes” numbers them"),
)
async def uncorrect(call: Call, work: Work) -> Answer:
    """Without a line, a form to choose it from. What a rollback or a flag struck ends with that."""
    args = call.args
    chosen = args.get("line") or _number(args.get("chosen"))
    if chosen is None:
        release = await releases.known(work, args["release"])
        struck = release.struck_for(BY_HAND)
        if not struck:
            raise Stale(f"Nobody struck a line of {release.id} {release.name} through by hand.")
        return _form(release, call, struck, "Not struck any more")
    release = await release_correct.take_back(work, args["release"], chosen, call.by)
    return Reply("release/published", {"release": release})


def _form(release: Release, call: Call, numbers: Collection[int], submit: str, *more: Field) -> Form:
    if not release.is_published:
        release.must_be_written(call.at)
    lines = [f"{n}. {line.text}" for n, line in release.numbers.items() if n in numbers]
    if len(lines) <= OPTIONS_MAX:
        options = tuple(line if len(line) <= OPTION_MAX else line[: OPTION_MAX - 1] + "…" for line in lines)
        field = Field("chosen", "Line", choice(*options))
    else:
        field = Field("line", "Number of the line", number(), hint=f"“/release notes {release.id}” numbers them.")
    return Form(f"Correct {release.id}", (field, *more), submit, {"release": release.id})


def _number(option: str | None) -> int | None:
    return int(option.partition(".")[0]) if option else None
