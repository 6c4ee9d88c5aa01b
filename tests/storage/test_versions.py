"""Two versions on one database: what the newer one wrote survives the older one, and is not misread by it."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import pytest
from sqlalchemy import MetaData, text, update

from bot.core.refusals import Unreadable
from bot.core.team import Team
from bot.storage.engine.database import Database
from bot.storage.work import nouns
from bot.storage.work.unit_of_work import UnitOfWork
from bot.storage.work.unknown_fields import carried
from tests.storage.things import Rendering

TABLES = MetaData()


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Kit:
    """As this version knows it."""

    title: str
    state: State = State.OPEN
    parts: tuple[Part, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    id: str = ""

    PREFIX: ClassVar[str] = "K"
    FOUND_BY: ClassVar[tuple[str, ...]] = ("state",)


HOW = nouns.keep(Kit, TABLES)


@pytest.fixture
async def unit(database: Database) -> UnitOfWork:
    async with database.write() as conn:
        await conn.run_sync(TABLES.create_all)
    unit = UnitOfWork(database, team=Team(), render=Rendering())
    async with unit() as work:
        await work.add(Kit("Lamp", parts=(Part("bulb"), Part("cord"))))
    return unit


async def body(database: Database) -> dict[str, Any]:
    async with database.read() as conn:
        return json.loads(await conn.scalar(text("SELECT body FROM noun_kit")) or "")


async def written_by_the_newer(database: Database, values: dict[str, Any]) -> None:
    async with database.write() as conn:
        await conn.execute(update(HOW.table).values(body=json.dumps(values)))


async def test_fields_of_a_newer_version_survive_a_save(database: Database, unit: UnitOfWork) -> None:
    newer = await body(database)
    newer["colour"] = {"name": "red"}
    newer["parts"][0]["maker"] = "Ada"
    newer["parts"][1]["maker"] = "Bob"
    await written_by_the_newer(database, newer)
    async with unit() as work:
        kit = await work.get(Kit, "K-1")
        assert kit is not None
        bulb, cord = kit.parts
        changed = Kit("Lantern", State.CLOSED, (cord, Part("bulb", done=True), Part("wick")), id=kit.id)
        await work.save(changed)
        assert await work.count(Kit, state=State.CLOSED) == 1  # written already, and once more below
        await work.save(Kit("Lanterns", State.CLOSED, (Part("cord", done=True), bulb), id=kit.id))

    after = await body(database)
    assert (after["title"], after["colour"]) == ("Lanterns", {"name": "red"})
    assert [(part["name"], part.get("maker")) for part in after["parts"]] == [("cord", "Bob"), ("bulb", None)]


async def test_what_moved_keeps_what_is_not_known_of_it(database: Database, unit: UnitOfWork) -> None:
    newer = await body(database)
    newer["parts"][0]["maker"], newer["parts"][1]["maker"] = "Ada", "Bob"
    await written_by_the_newer(database, newer)
    async with unit() as work:
        kit = await work.get(Kit, "K-1")
        assert kit is not None
        await work.save(Kit(kit.title, parts=(Part("wick"), *reversed(kit.parts)), id=kit.id))

    parts = (await body(database))["parts"]
    assert [(part["name"], part.get("maker")) for part in parts] == [
        ("wick", None),
        ("cord", "Bob"),
        ("bulb", "Ada"),
    ]


async def test_what_this_version_removes_stays_removed(database: Database, unit: UnitOfWork) -> None:
    async with unit() as work:
        kit = await work.get(Kit, "K-1")
        assert kit is not None
        await work.save(Kit(kit.title, parts=kit.parts[1:], id=kit.id))

    assert [part["name"] for part in (await body(database))["parts"]] == ["cord"]


async def test_a_value_of_a_newer_version_is_refused_in_a_sentence_and_kept(
    database: Database, unit: UnitOfWork
) -> None:
    newer = await body(database) | {"state": "borrowed"}
    await written_by_the_newer(database, newer)
    with pytest.raises(Unreadable, match="K-1 was written by a newer version"):
        async with unit() as work:
            await work.get(Kit, "K-1")
    with pytest.raises(Unreadable, match="K-1"):
        async with unit.reading() as work:
            await work.find(Kit)

    assert await body(database) == newer


def test_a_mapping_loses_what_was_taken_out_of_it() -> None:
    raw = {"labels": {"a": 1, "b": 2}, "new": 3}
    known = {"labels": {"a": 1, "b": 2}}
    assert carried(raw, known, {"labels": {"b": 2}}) == {"labels": {"b": 2}, "new": 3}
