"""which deliveries go first"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("about", sa.Text()))
    waiting = sa.text("state = 'waiting' AND about IS NOT NULL")
    op.create_index("ix_inbox_about", "inbox", ["source", "about"], sqlite_where=waiting, postgresql_where=waiting)
