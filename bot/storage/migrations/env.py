"""What Alembic runs: our metadata on the connection that ``migrate`` (or ``__main__``) hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.sql.elements import False_, True_

import bot.storage.tables
from bot.storage.engine.schema import Instant, Json, metadata

assert bot.storage.tables  # noqa: S101 -- imported for the tables that it brings


def render(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Our own column types by their short names, and truth as each database writes it."""
    if kind == "type" and isinstance(item, Instant | Json):
        autogen.imports.add("from bot.storage.engine.schema import Instant, Json")
        return f"{type(item).__name__}()"
    if kind == "server_default" and isinstance(getattr(item, "arg", None), False_ | True_):
        return f"sa.{item.arg}()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render,
    render_as_batch=True,  # SQLite changes a column by copying its table
)
with context.begin_transaction():
    context.run_migrations()
