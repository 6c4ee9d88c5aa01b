"""/release draft, edit, notes and list: what a version brings, in the words of those who read it."""

from bot.core.command import (
    Answer,
    Call,
    Field,
    Form,
    Reply,
    choice,
    choices,
    id_of,
    service,
    text,
    who_is_here,
    word,
)
from bot.core.ports import Tools, Work
from bot.core.refusals import Refusal
from bot.stages.release import draft_and_approve as releases
from bot.stages.release import tags, write_elsewhere
from bot.stages.release.model import notes
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release, ReleaseState
from bot.stages.release.model.rules import Releasing
from commands.release.command import command

SHOWN = 10  # releases in a list
FIELDS_MAX = 20  # inputs in the form; a person edits no longer one
RELEASE = id_of("R", "the release, such as R-4")


async def prepared(call: Call, tools: Tools) -> tuple[frozenset[str], tags.Seen]:
    """Who is here, as only their yes counts, and where the tag is that the notes are about."""
    return await who_is_here(call, tools), await tags.look(tools, call.args["release"])


VOICES = tuple(voice.value for voice in Voice)
_LABELS = {
    Voice.ENGINEERS: "For engineers",
    Voice.OPERATORS: "For operators and support",
    Voice.CUSTOMERS: "For customers",
}


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
    "Change the words of a draft, for engineers, operators and customers",
    examples=("R-4",),
    release=RELEASE,
)
async def edit(call: Call, work: Work) -> Answer:
    """A form with the notes; sent, it redraws the draft."""
    args = call.args
    if args.get("step") != "save":
        return _form(await releases.known(work, args["release"]), call, work)
    texts = {voice: _joined(args, voice) for voice in Voice}
    await releases.edit(
        work,
        args["release"],
        call.by,
        version=args.get("version") or "",
        texts=texts,
        audiences=args.get("audiences") or (),
    )
    return None


@command.verb(
    "notes <release> [for <voice>] [as <form>]",
    "Read the notes in one voice, or have them as a changelog file or on GitHub",
    examples=("R-4", "R-4 for customers", "R-4 as changelog", "R-4 for customers as github"),
    release=RELEASE,
    voice=choice(*VOICES, about="in whose words; else the engineers'"),
    form=choice("changelog", "github", about="written elsewhere instead of shown"),
)
async def read_notes(call: Call, work: Work) -> Reply:
    """What fits into one answer is shown, with the numbers of its lines; the whole comes as a file."""
    id, voice = call.args["release"], Voice(call.args.get("voice") or Voice.ENGINEERS)
    match call.args.get("form"):
        case "github":
            release = await write_elsewhere.order(work, id, voice, call.by, call.key)
            return Reply("release/writing", {"release": release, "where": "GitHub"})
        case "changelog":
            release = await write_elsewhere.send_changelog(work, id, voice, call.by, call.key)
            return Reply("release/writing", {"release": release, "where": "a changelog file"})
        case _:
            release = await releases.known(work, id)
    release.must_be_written(work.now)
    parts = notes.pages(release.shown(voice))
    if len(parts) > 1:
        await write_elsewhere.send_changelog(work, id, voice, call.by, call.key)
    shown = parts[0] if parts else notes.Notes()
    return Reply("release/shown", {"release": release, "voice": voice.value, "notes": shown, "parts": len(parts)})


@command.verb("list", "Drafts and published releases, the newest first", reads_only=True)
async def list_(call: Call, work: Work) -> Reply:
    """The last ten."""
    found = await work.find(
        Release, state=(ReleaseState.DRAFTING, ReleaseState.DRAFT, ReleaseState.PUBLISHED), limit=SHOWN
    )
    return Reply("release/list", {"releases": found})


def _form(release: Release, call: Call, work: Work) -> Form:
    release.must_be_draft(call.at)
    fields = [Field("version", "Version", word(), release.version)]
    for voice in Voice:
        parts = notes.fields(release.notes[voice])
        for number, part in enumerate(parts, start=1):
            label = _LABELS[voice] + (f" ({number} of {len(parts)})" if len(parts) > 1 else "")
            hint = "One line each; a heading begins with #." if number == 1 else ""
            name = f"{voice.value}_{number}"
            fields.append(Field(name, label, text(long=True), part, optional=True, hint=hint))
    if len(fields) > FIELDS_MAX:
        lines = release.notes[Voice.ENGINEERS].count
        raise Refusal(
            f"The notes of {release.name} are too long for a form of Slack's ({lines} lines). "
            "Draft a shorter range with “from” and “to”, or publish them as they are."
        )
    if len(names := tuple(work.team.part(Releasing).audiences)) > 1:
        chosen = release.audiences or names
        fields.append(Field("audiences", "Who gets them", choices(*names), chosen))
    return Form(f"Notes {release.id}", tuple(fields), carry={"release": release.id, "step": "save"})


def _joined(args: object, voice: Voice) -> str:
    """The voice's text from its fields, in their order."""
    given = dict(args) if isinstance(args, dict) else {}
    names = [name for name in given if name.partition("_")[0] == voice and name.rpartition("_")[2].isdecimal()]
    ordered = sorted(names, key=lambda name: int(name.rpartition("_")[2]))
    return "\n".join(given[name] or "" for name in ordered)
