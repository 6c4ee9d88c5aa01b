"""jobs of a kind are found beside others"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_job_kind", "job", ["kind", "run_at", "id"], sqlite_where=waiting, postgresql_where=waiting)
