"""find the message that has begun in each lane"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    begun = sa.text("state IN ('sending', 'doubt')")
    op.create_index("ix_outbox_begun", "outbox", ["lane", "turn", "id"], sqlite_where=begun, postgresql_where=begun)
