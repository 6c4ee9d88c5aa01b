"""one index for what is asked for together, and a change's target date as a column"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Columns of each index, by table; every index ends with the row's number.
DROPPED = {
    "noun_alert_group": ("by_group",),
    "noun_blocker": ("by_change_id", "by_unblocker_id"),
    "noun_cause_question": ("by_service",),
    "noun_concern": ("by_service",),
    "noun_cover": ("by_by", "by_rotation", "by_state"),
    "noun_customer_line": ("by_asked",),
    "noun_deployment": ("by_environment", "by_sha", "by_version"),
    "noun_feedback": ("by_service",),
    "noun_flag_change": ("by_environment", "by_flag"),
    "noun_incident": ("by_service",),
    "noun_lock": ("by_environment",),
    "noun_pull_request": ("by_author_id",),
    "noun_rollout": ("by_environment", "by_flag", "by_service"),
    "noun_round": ("by_channel",),
    "noun_sent_prompt": ("by_was_late",),
    "noun_slot": ("by_environment",),
    "noun_standup_answer": ("by_skipped", "by_standup_id"),
}
MADE = {
    "noun_alert_group": (("by_group", "by_state"), ("by_origin", "by_state"), ("by_service", "by_state")),
    "noun_blocker": (("by_change_id", "by_state"), ("by_owner_id", "by_state"), ("by_unblocker_id", "by_state")),
    "noun_cause_question": (("by_service", "by_state"),),
    "noun_change": (("by_owner_id", "by_state"), ("by_state", "by_due")),
    "noun_concern": (("by_service", "by_state"),),
    "noun_cover": (("by_by", "by_state"), ("by_rotation", "by_state")),
    "noun_customer_line": (("by_release", "by_asked"),),
    "noun_deployment": (
        ("by_environment", "by_state"),
        ("by_service", "by_environment", "by_state"),
        ("by_service", "by_environment", "by_version", "by_state"),
        ("by_service", "by_environment"),
        ("by_service", "by_state"),
        ("by_sha", "by_state"),
    ),
    "noun_escalation": (("by_about", "by_state"),),
    "noun_feedback": (("by_service", "by_state"),),
    "noun_flag": (("by_service", "by_state"),),
    "noun_flag_change": (
        ("by_environment", "by_state"),
        ("by_flag", "by_environment", "by_state"),
        ("by_flag", "by_state"),
    ),
    "noun_incident": (("by_service", "by_state"),),
    "noun_lock": (("by_environment", "by_state"),),
    "noun_pull_request": (("by_author_id", "by_state"),),
    "noun_release": (("by_service", "by_state"),),
    "noun_rollout": (
        ("by_environment", "by_state"),
        ("by_flag", "by_environment", "by_state"),
        ("by_flag", "by_state"),
        ("by_service", "by_environment", "by_state"),
        ("by_service", "by_state"),
    ),
    "noun_round": (("by_channel", "by_state"), ("by_standup_id", "by_state")),
    "noun_run": (("by_purpose", "by_service"), ("by_purpose", "by_state")),
    "noun_sent_prompt": (("by_round_id", "by_was_late"),),
    "noun_slot": (("by_service", "by_environment"),),
    "noun_standup_answer": (
        ("by_round_id", "by_skipped"),
        ("by_standup_id", "by_skipped"),
        ("by_user_id", "by_skipped"),
        ("by_user_id", "by_standup_id", "by_skipped"),
    ),
}
PARTIAL = {
    "ix_outbox_unresolved": ("lane", "channel IS NULL"),
    "ix_outbox_sent_at": ("sent_at", "state = 'sent'"),
}
DUE = {
    "sqlite": "UPDATE noun_change SET by_due = json_extract(body, '$.due')",
    "postgresql": "UPDATE noun_change SET by_due = CAST(body AS json) ->> 'due'",
}


def upgrade() -> None:
    for table, columns in DROPPED.items():
        for column in columns:
            op.drop_index(op.f(f"ix_{table}_{column}_number"), table_name=table)
    op.add_column("noun_change", sa.Column("by_due", sa.Text(), nullable=True))
    op.execute(DUE[op.get_bind().dialect.name])
    for table, indexes in MADE.items():
        for together in indexes:
            name = op.f(f"ix_{table}_{'_'.join(together)}_number")
            op.create_index(name, table, [*together, "number"])
    for name, (column, condition) in PARTIAL.items():
        where = sa.text(condition)
        op.create_index(name, "outbox", [column], sqlite_where=where, postgresql_where=where)
