"""What waits for an admin, of every kind: one list, and one way to try again."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.dead_letters import DeadLetter, LetterKind
from bot.storage.outbox import tables
from bot.storage.outbox.outbox import resend
from bot.storage.queues import inbox, jobs, leases

LEFT_AFTER = timedelta(minutes=15)  # replicas of two versions run side by side for less
NOBODY = "nobody takes it: no replica that runs does jobs of this kind, or none comes to it"

_OUTBOX, _JOB, _INBOX = tables.outbox.c, jobs.job_table.c, inbox.inbox_table.c

_ALL = union_all(
    select(
        literal(LetterKind.MESSAGE.value).label("kind"),
        _OUTBOX.key.label("id"),
        _OUTBOX.to.label("what"),
        _OUTBOX.reason.label("why"),
        _OUTBOX.put_at.label("at"),
    ).where(tables.IS_DEAD),
    select(literal(LetterKind.JOB.value), _JOB.key, _JOB.kind, _JOB.note, _JOB.ended_at).where(
        _JOB.state == leases.DEAD
    ),
    select(
        literal(LetterKind.DELIVERY.value),
        cast(_INBOX.id, Text),
        _INBOX.source,
        # The path of the field that it stumbled over says more than what is wrong with it.
        func.coalesce(func.nullif(_INBOX.path, "").concat(": "), "").concat(func.coalesce(_INBOX.note, "")),
        _INBOX.ended_at,
    ).where(_INBOX.state == leases.DEAD),
).subquery()


async def listed(conn: AsyncConnection, limit: int, now: datetime) -> list[DeadLetter]:
    """The newest first; last the jobs that nobody takes, which are not dead yet."""
    query = select(_ALL).order_by(_ALL.c.at.desc(), _ALL.c.id).limit(limit)
    left = select(_JOB.key, _JOB.kind, _JOB.run_at).where(_is_left(now))
    waiting = await conn.execute(left.order_by(_JOB.run_at).limit(limit))
    overdue = [_letter(LetterKind.JOB, row.key, row.kind, NOBODY, row.run_at) for row in waiting]
    dead = [_letter(row.kind, row.id, row.what, row.why or "", row.at) for row in await conn.execute(query)]
    return (dead + overdue)[:limit]


async def counted(conn: AsyncConnection, now: datetime) -> dict[LetterKind, int]:
    """How many there are of each kind, the jobs that nobody takes among them."""
    found = await given_up(conn)
    left = select(func.count()).select_from(jobs.job_table).where(_is_left(now))
    found[LetterKind.JOB] += (await conn.execute(left)).scalar_one()
    return found


async def given_up(conn: AsyncConnection) -> dict[LetterKind, int]:
    """How many are dead of each kind, whether anybody runs or not."""
    dead = await conn.execute(select(_ALL.c.kind, func.count()).group_by(_ALL.c.kind))
    return dict.fromkeys(LetterKind, 0) | {LetterKind(kind): number for kind, number in dead}


async def revive(conn: AsyncConnection, kind: LetterKind, id: str, now: datetime) -> str | None:
    """Try it again from the commit on; gives the topic to wake, or None where it is not dead."""
    match kind:
        case LetterKind.MESSAGE:
            return "outbox" if await resend(conn, id, now) else None
        case LetterKind.JOB:
            return "jobs" if await jobs.redo(conn, id, now) else None
        case LetterKind.DELIVERY:
            is_one = id.isdecimal() and await inbox.replay(conn, int(id), now, dead_only=True)
            return "inbox" if is_one else None


def _is_left(now: datetime) -> ColumnElement[bool]:
    """Of a job: nobody takes it."""
    return and_(_JOB.state == leases.WAITING, _JOB.run_at < now - LEFT_AFTER)


def _letter(kind: str, id: str, what: str, why: str, at: datetime) -> DeadLetter:
    words = {
        LetterKind.MESSAGE: f"{id} to {what}",
        LetterKind.JOB: f"{what} ({id})",
        LetterKind.DELIVERY: f"delivery {id} from {what}",
    }
    return DeadLetter(LetterKind(kind), id, words[LetterKind(kind)], why, at)
