"""changes by when they reached their stage"""

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from bot.storage.engine.schema import Instant

revision = "0011"
down_revision = "0010"

PAGE = 500  # rows that are in memory at once


def upgrade() -> None:
    with op.batch_alter_table("noun_change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by_reached_at", Instant(), nullable=True))
    _fill()
    with op.batch_alter_table("noun_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_noun_change_by_stage_by_state_by_reached_at_number"),
            ["by_stage", "by_state", "by_reached_at", "number"],
            unique=False,
        )


def _fill() -> None:
    """Read the instant from what is stored; here, since the two databases read JSON and zones differently."""
    conn = op.get_bind()
    change = sa.table("noun_change", sa.column("number"), sa.column("body"), sa.column("by_reached_at", Instant()))
    after = 0
    page = sa.select(change.c.number, change.c.body).order_by(change.c.number).limit(PAGE)
    known = sa.bindparam("known")
    write = sa.update(change).where(change.c.number == known).values(by_reached_at=sa.bindparam("reached_at"))
    while rows := conn.execute(page.where(change.c.number > after)).all():
        after = rows[-1].number
        told = [(row.number, json.loads(row.body).get("reached_at")) for row in rows]
        found = [{"known": number, "reached_at": datetime.fromisoformat(at)} for number, at in told if at]
        if found:
            conn.execute(write, found)
