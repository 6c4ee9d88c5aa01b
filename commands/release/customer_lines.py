"""/release lines: what the author of changes tells customers of them, in a form that a direct message opens."""

from bot.core.command import Answer, Call, Field, Form, Reply, text
from bot.core.ports import Work
from bot.stages.release import ask_authors
from bot.stages.release import draft_and_approve as releases
from commands.release.command import command
from commands.release.notes import RELEASE

HINT = "One sentence for customers. “none” if they need not know; empty to leave it for later."


@command.verb(
    "lines <release>",
    "Write what customers should read of your changes",
    examples=("R-4",),
    release=RELEASE,
    hidden=True,
)
async def lines(call: Call, work: Work) -> Answer:
    """A form with one field for each change that one was asked about; sent, its words go into the drafts."""
    release = await releases.known(work, call.args["release"])
    asked = await ask_authors.asked_of(work, release, call.by.id)
    if call.args.get("step") != "save":
        fields = tuple(
            Field(f"line_{number}", line.about[:150], text(), line.text, optional=True, hint=HINT)
            for number, line in enumerate(asked, start=1)
        )
        return Form(f"For customers {release.id}", fields, carry={"release": release.id, "step": "save"})
    texts = {line.id: call.args.get(f"line_{number}") or "" for number, line in enumerate(asked, start=1)}
    late = await ask_authors.answer(work, release, call.by, texts)
    return Reply("release/lines_late", {"release": release}) if late else None
