"""What an operator does from the command line, on a real database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.operator import commands
from bot.storage.queues.inbox import Inbox
from tests.fakes import NOON


class Settings:
    """As far as reading what is dead needs them."""

    def __init__(self, url: str) -> None:
        self.database_url = SecretStr(url)


@pytest.mark.parametrize(("dead", "last"), [(130, "… and 30 more."), (100, "delivery ")])
async def test_what_is_dead_is_listed_and_how_many_more_there_are_is_said(
    sqlite_template: Path, tmp_path: Path, open_database: Callable[..., Any], dead: int, last: str
) -> None:
    path = tmp_path / "eightbells.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = await open_database(f"sqlite:///{path}")
    inbox = Inbox(database, database.replica_id)
    for number in range(dead):
        await inbox.receive("github", f"d-{number}", {}, b"{}", NOON)
    for delivery in await inbox.claim(database.clock.now(), dead):
        await inbox.dead(delivery, "a", "b")

    rows = (await commands.list_dead(Settings(f"sqlite:///{path}"))).splitlines()  # pyright: ignore[reportArgumentType]

    assert len([row for row in rows if row.startswith("delivery ")]) == 100
    assert rows[-1].startswith(last)
