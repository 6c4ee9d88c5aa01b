"""runs by branch"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("noun_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by_branch", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("UPDATE noun_run SET by_branch = json_extract(body, '$.branch')")
    else:
        op.execute("UPDATE noun_run SET by_branch = body::json ->> 'branch'")
    with op.batch_alter_table("noun_run", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_noun_run_by_purpose_by_service_by_branch_number"),
            ["by_purpose", "by_service", "by_branch", "number"],
            unique=False,
        )
