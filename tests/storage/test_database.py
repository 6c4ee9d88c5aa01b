"""Transactions: all or nothing, in groups, and what happens when the database cannot serve."""

import asyncio

import pytest
from sqlalchemy import select

from bot.storage.database import Database
from bot.storage.schema import pulse


async def texts(database: Database) -> list[str]:
    async with database.read() as conn:
        return list((await conn.execute(select(pulse.c.ballast).order_by(pulse.c.id))).scalars())


async def test_what_a_block_wrote_is_there_after_it_and_what_a_raising_block_wrote_is_not(database: Database):
    async def write(text: str, *, fail: bool) -> None:
        async with database.write() as conn:
            await conn.execute(pulse.insert(), {"ballast": text})
            if fail:
                raise KeyError(text)

    results = await asyncio.gather(*(write(str(n), fail=n % 3 == 0) for n in range(30)), return_exceptions=True)

    assert sum(isinstance(result, KeyError) for result in results) == 10
    assert sorted(await texts(database), key=int) == [str(n) for n in range(30) if n % 3]


async def test_a_transaction_inside_of_a_transaction_is_an_error_and_not_a_standstill(database: Database):
    async with database.write():
        with pytest.raises(RuntimeError, match="inside of a transaction"):
            async with database.write():
                pass
