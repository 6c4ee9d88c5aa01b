"""What people see of a release: its card, the notes where each audience reads them, and its ledger entries."""

from collections.abc import Iterator
from typing import Any

from bot.core.ledger import Entry, Fact, Subject
from bot.core.messages import Band, Message
from bot.core.ports import Work
from bot.core.stages import Stage
from bot.stages.deploy import fixes, rules
from bot.stages.deploy.model.obstacles import Facts, Obstacle, still
from bot.stages.plan.model.change import Change
from bot.stages.release.model import notes
from bot.stages.release.model.customer_line import CustomerLine
from bot.stages.release.model.notes import Voice
from bot.stages.release.model.release import Release
from bot.stages.release.model.release_state import Post, ReleaseState
from bot.stages.release.model.rules import Releasing
from bot.team.environments.look_again import look_at_next_turn
from bot.team.environments.model.lock import Lock, LockState

TEMPLATES = {
    Voice.ENGINEERS: "release/notes_engineers",
    Voice.OPERATORS: "release/notes_operators",
    Voice.CUSTOMERS: "release/notes_customers",
}


def card_key(release: Release) -> str:
    """Names the card that whoever asked for the release has."""
    return f"release:{release.id}"


def review_key(release: Release) -> str:
    """Names the card that the team has, where others have to agree or to tick."""
    return f"release:{release.id}:review"


async def show(work: Work, release: Release) -> None:
    """Send the card to whoever asked for the release, or redraw it as it is now; and the team's, if there is one."""
    named = [await work.get(Change, id) for id in release.changes]
    first = next((voice for voice in Voice if release.notes[voice].count), Voice.ENGINEERS)
    parts = notes.pages(release.shown(first))
    asked = await work.find(CustomerLine, release=release.id)
    context: dict[str, Any] = {
        "release": release,
        "preview": parts[0] if parts else notes.Notes(),
        "voice": first.value,
        "parts": len(parts),
        "changes": [change for change in named if change],
        "readers": [
            (voice.value, release.notes[voice].count, channels) for voice, channels in readers(work, release)
        ],
        "asked": len(asked),
        "answered": sum(line.answered_at is not None for line in asked),
        "around": await _around(work, release) if release.state is ReleaseState.DRAFT else [],
    }
    work.say(Message(card_key(release), release.asked_by, "release/card", context))
    if release.activities or release.approval:
        channel = work.team.channel_for(Stage.RELEASE, release.service)
        work.say(Message(review_key(release), channel, "release/card", context))


async def _around(work: Work, release: Release) -> list[Obstacle]:
    """What a draft's readers may ask about: a freeze of the last environment, open incidents of the service."""
    where = max(work.team.environments.values(), key=lambda one: one.order, default=None)
    if where is None:
        return []
    look_at_next_turn(work, where.name)
    locks = await work.find(Lock, environment=where.name, state=LockState.HELD)
    freezes = rules.freezes_of(work, release.service, where, locks)
    incidents = await fixes.incidents_of(work, release.service)
    return still(release.service, where, Facts(work.now, freezes=freezes, incidents=tuple(incidents)), ())


def readers(work: Work, release: Release) -> Iterator[tuple[Voice, tuple[str, ...]]]:
    """Each voice that somebody reads in, and the channels where."""
    found = places(work, release)
    for voice in Voice:
        channels = tuple(post.channel for post in found if post.voice is voice)
        if channels:
            yield voice, channels


def places(work: Work, release: Release) -> tuple[Post, ...]:
    """Where its notes belong: the channels of its audiences, each once a voice."""
    channel = work.team.channel_for(Stage.RELEASE, release.service)
    audiences = work.team.part(Releasing).audiences_for(channel)
    chosen = [one for one in audiences if one.name in release.audiences] or audiences
    return tuple(dict.fromkeys(Post(one.voice, channel) for one in chosen for channel in one.channels))


def say_notes(work: Work, release: Release, before: Release | None = None) -> None:
    """Post the notes everywhere, what does not fit into one message in its thread; or correct what stands there.

    ``before``: as it was last said; only messages that have changed are edited.
    """
    for post in release.posts:
        parts = notes.pages(release.shown(post.voice))
        old = notes.pages(before.shown(post.voice)) if before else ()
        first_key = post_key(release, post)
        for number, part in enumerate(parts, start=1):
            if number > 1 and len(old) == len(parts) and old[number - 1] == part:
                continue
            context = {"release": release, "notes": part, "part": number, "parts": len(parts)}
            if number == 1:
                work.say(Message(first_key, post.channel, TEMPLATES[post.voice], context))
            else:
                key = f"{first_key}:{number}"
                work.say(
                    Message(key, post.channel, TEMPLATES[post.voice], context, thread_of=first_key, band=Band.BULK)
                )


def post_key(release: Release, post: Post) -> str:
    """Names the message with which the notes begin in a channel."""
    return f"release:{release.id}:notes:{post.voice}:{post.channel}"


def record(work: Work, release: Release, what: str, by: str = "", **facts: Fact) -> None:
    """A ledger entry ``release.<what>`` that links release, version, commit and changes."""
    subjects = (
        Subject("release", release.id),
        *([Subject("version", f"{release.service}@{release.version}")] if release.version else []),
        *([Subject("sha", release.sha)] if release.sha else []),
        *(Subject("change", id) for id in release.changes),
        Subject("service", release.service),
    )
    work.record(Entry(f"release.{what}", subjects, by, facts))
