"""The outbox's tables: what must be said, the conversations' leases and pace, and what channels were found."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    false,
    text,
)

from bot.storage.engine.schema import Instant, Json, metadata

PENDING, SENDING, DOUBT, SENT, DEAD = "pending", "sending", "doubt", "sent", "dead"
UNFINISHED = (PENDING, SENDING, DOUBT)
# As the partial indexes say it: a bound value would keep SQLite from seeing that they serve.
IS_UNFINISHED, IS_BEGUN, IS_DEAD, IS_SENT = (
    text("state IN ('pending', 'sending', 'doubt')"),
    text("state IN ('sending', 'doubt')"),
    text("state = 'dead'"),
    text("state = 'sent'"),
)

MESSAGE, HOME, FILE = "message", "home", "file"

# One row for each logical message, for ever the same one; ``id`` is the order in which they were put.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("thread_of", Text),
    Column("thread_ts", Text),
    Column("broadcast", Boolean, nullable=False, server_default=false()),
    Column("band", SmallInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("blocks", Json, nullable=False),
    Column("digest", Text, nullable=False),  # of text and blocks: an unchanged payload changes nothing
    Column("revision", Integer, nullable=False),  # of the content as it should be
    Column("sent_revision", Integer, nullable=False, server_default=text("0")),  # of the content as Slack shows it
    Column("generation", Integer, nullable=False, server_default=text("1")),
    Column("plain", Boolean, nullable=False, server_default=false()),  # its blocks were refused
    Column("state", Text, nullable=False),
    Column("lane", Text, nullable=False),  # the queue it stands in
    Column("turn", BigInteger, nullable=False),  # order in the lane, before ``id``: outbox_turns
    Column("channel", Text),
    Column("ts", Text),
    Column("ready_at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("attempt_started_at", Instant),
    Column("since", Instant),  # start of the first attempt whose end is not known
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("resent", Boolean, nullable=False, server_default=false()),  # posted again after a doubt
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text),
    Column("check_at", Instant),
    Column("put_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("ix_outbox_unfinished", "lane", "turn", "id", sqlite_where=IS_UNFINISHED, postgresql_where=IS_UNFINISHED),
    Index("ix_outbox_begun", "lane", "turn", "id", sqlite_where=IS_BEGUN, postgresql_where=IS_BEGUN),
    Index(
        "ix_outbox_unresolved",
        "lane",
        sqlite_where=text("channel IS NULL"),
        postgresql_where=text("channel IS NULL"),
    ),
    Index("ix_outbox_sent_at", "sent_at", sqlite_where=IS_SENT, postgresql_where=IS_SENT),
    Index("ix_outbox_channel_ts", "channel", "ts"),
    Index(
        "ix_outbox_check_at",
        "check_at",
        sqlite_where=text("check_at IS NOT NULL"),
        postgresql_where=text("check_at IS NOT NULL"),
    ),
    Index("ix_outbox_dead", "id", sqlite_where=IS_DEAD, postgresql_where=IS_DEAD),
)

# A conversation's posts, a conversation's edits, a person's Home tab: one sender at a time, shared by replicas.
lanes = Table(
    "outbox_lanes",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("ready_at", Instant, nullable=False),
    Column("owner", Text),
    Column("lease_until", Instant),
)

# The workspace's bucket of messages, shared by replicas.
bucket = Table(
    "outbox_bucket",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Instant, nullable=False),
)

addresses = Table(
    "outbox_addresses",
    metadata,
    Column("to", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("found_at", Instant, nullable=False),
)


def edits_of(channel: str) -> str:
    """The lane of a channel's edits; its posts stand in the lane named by the channel's id."""
    return f"{channel} edits"
