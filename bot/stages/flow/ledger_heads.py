"""The ledger's head, posted every day where whoever has the database cannot change what it was."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.handlers import due, due_outside
from bot.core.jobs import Again, Due, Job, Outcome
from bot.core.ledger import Entry, Subject
from bot.core.ledger_heads import LATE, Head, HeadPosts
from bot.core.messages import Message
from bot.core.ports import Tools, Work

POST = "audit.head"
UNSAID = "audit.head_unsaid"
SUBJECT = Subject("ledger", "head")
KEY = "ledger.head"


async def begin(work: Work) -> None:
    """Owe the next two posts, where the team file wants any, at the hour that it says now; for when the bot starts."""
    posts = work.team.head_posts
    if posts is not None:
        first = posts.next_at(work.now)
        _owe(work, posts, first)
        _owe(work, posts, posts.next_at(first))


@due(POST)
async def post_when_due(work: Work, it: Due) -> Outcome:
    """Post the head as it is now, in a message of its own, and owe tomorrow's."""
    posts = work.team.head_posts
    if posts is None:
        return Outcome.NOOP
    following = posts.next_at(work.now)
    if _key(posts, following) == it.job.key:  # today's hour was moved to later
        following = posts.next_at(following)
    _owe(work, posts, following)
    head = await work.ledger_head()
    if not head.place:
        return Outcome.NOOP  # nothing has been recorded yet
    last = await _last(work)
    context = {
        "head": str(head),
        "since": last is not None,
        "new": head.place - (last.place if last else 0),
        "late_by": it.late_by if it.late_by > LATE else None,
    }
    work.say(Message(f"{KEY}:{it.job.key}", posts.channel, "audit/head", context))
    work.record(Entry("audit.head_posted", (SUBJECT,), "", {"place": head.place, "head": head.digest}))
    return Outcome.DONE


def tell_of_died(work: Work, key: str, to: str, reason: str) -> None:
    """Have the admins told that a head could not be posted, once for each head."""
    args = {"key": key, "to": to, "reason": reason}
    work.owe(Job(UNSAID, f"{UNSAID}:{key}", work.now, args))


@due_outside(UNSAID)
async def tell_admins_when_due(tools: Tools, it: Due) -> Outcome | Again:
    """Tell every admin of the workspace where the head should have been, why it is not, and what to do."""
    admins = [person.id for person in await tools.directory.people() if person.is_admin and person.is_member]
    context = {"to": str(it.job.args["to"]), "reason": str(it.job.args["reason"])}
    async with tools.unit() as work:
        for user_id in admins:
            work.say(Message(f"{it.job.key}:{user_id}", user_id, "audit/head_unsaid", context))
    return Outcome.DONE if admins else Outcome.NOOP


def _owe(work: Work, posts: HeadPosts, at: datetime) -> None:
    work.owe(Job(POST, _key(posts, at), at))


def _key(posts: HeadPosts, at: datetime) -> str:
    # By the day there: at another hour it is the same post, and a restart owes none that is owed already.
    return f"{POST}:{at.astimezone(ZoneInfo(posts.zone)):%Y-%m-%d}"


async def _last(work: Work) -> Head | None:
    """What was posted before, as the ledger itself has it."""
    for recorded in reversed(await work.history(SUBJECT, limit=1)):
        facts = recorded.entry.facts
        return Head(int(str(facts["place"])), str(facts["head"]))
    return None
