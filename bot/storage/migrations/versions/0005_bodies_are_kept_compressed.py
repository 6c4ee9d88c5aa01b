"""bodies are kept compressed, and busy tables vacuumed in time"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# PostgreSQL clears a table once a fifth of its rows is dead: where years are kept, that is far too late.
# https://www.postgresql.org/docs/current/runtime-config-autovacuum.html
BY_SHARE = ("inbox", "job", "outbox", "receipt")
# A few rows, changed with every message: by number.
BY_NUMBER = ("outbox_lanes", "outbox_bucket")


def upgrade() -> None:
    op.add_column("inbox", sa.Column("packing", sa.Text(), nullable=True))
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in BY_SHARE:
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02)")
    for table in BY_NUMBER:
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)"
        )
    # What is compressed already is not tried again, and a body is larger than anything else that is looked for.
    op.execute("ALTER TABLE inbox SET (toast.autovacuum_vacuum_scale_factor = 0.02)")
    op.execute("ALTER TABLE inbox ALTER COLUMN body SET STORAGE EXTERNAL")
