"""/release draft, edit, publish and list: notes of what a version brings, published where people read them."""

from bot.command import Answer, Call, Field, Form, Reply, id_of, service, text, word
from bot.domain import notes
from bot.domain.ports import Work
from bot.domain.refusals import Refusal
from bot.domain.releases import Release, ReleaseState
from bot.workflows import release as releases
from commands.release.declared import command

SHOWN = 10  # releases in a list
FIELDS_MAX = 20  # inputs in the form; a person edits no longer one
RELEASE = id_of("R", "the release, such as R-4")


@command.verb(
    "draft <service> [from <since>] [to <until>]",
    "Draft notes from the commits between two tags; they come by direct message",
    examples=("web", "web from v1.3.9 to v1.4.0"),
    service=service("of which service"),
    since=word("after which tag, branch or commit; else the tag before"),
    until=word("up to which one; else the newest tag"),
)
async def draft(call: Call, work: Work) -> Reply:
    """The notes are made after this answer, since reading commits may take longer than Slack waits."""
    args = call.args
    release = await releases.draft(
        work, args["service"], call.by, since=args.get("since", ""), until=args.get("until", "")
    )
    return Reply("release/drafting", {"release": release})


@command.verb(
    "edit <release>",
    "Change the words of a draft",
    examples=("R-4",),
    release=RELEASE,
)
async def edit(call: Call, work: Work) -> Answer:
    """A form with the notes; sent, it redraws the draft."""
    args = call.args
    if args.get("step") != "save":
        return _form(await releases.known(work, args["release"]), call)
    texts = [(name, value or "") for name, value in args.items() if name.rpartition("_")[2].isdecimal()]
    await releases.edit(work, args["release"], call.by, version=args.get("version") or "", texts=texts)
    return None


@command.verb(
    "publish <release>",
    "Post the notes to the release channel",
    examples=("R-4",),
    release=RELEASE,
)
async def publish(call: Call, work: Work) -> Reply:
    """Once; a second click is told who published it and when."""
    return Reply("release/published", {"release": await releases.publish(work, call.args["release"], call.by)})


@command.verb("list", "Drafts and published releases, the newest first", reads_only=True)
async def list_(call: Call, work: Work) -> Reply:
    """The last ten."""
    found = await work.find(
        Release, state=(ReleaseState.DRAFTING, ReleaseState.DRAFT, ReleaseState.PUBLISHED), limit=SHOWN
    )
    return Reply("release/list", {"releases": found})


def _form(release: Release, call: Call) -> Form:
    release.must_be_draft(call.at)
    lines = notes.fields(release.notes)
    if len(lines) > FIELDS_MAX:
        raise Refusal(
            f"The notes of {release.name} are too long for a form of Slack's ({release.notes.count} lines). "
            "Draft a shorter range with “from” and “to”, or publish them as they are."
        )
    fields = (
        Field("version", "Version", word(), release.version),
        *(Field(name, label, text(long=True), value, optional=True) for name, (label, value) in lines.items()),
    )
    return Form(f"Notes {release.id}", fields, carry={"release": release.id, "step": "save"})
