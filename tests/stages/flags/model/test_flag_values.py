"""The values of flags: of one kind, as every client can read them, or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.refusals import Refusal
from bot.stages.flags.model.flag import Flag, Kind, value_of
from tests.fakes import NOON, TOM


def values(kind: Kind, on: str | None, off: str | None) -> tuple[object, object]:
    flag = Flag.make("key", TOM, NOON, kind=kind, on=on, off=off)
    return value_of(flag.on), value_of(flag.off)


@pytest.mark.parametrize(
    ("kind", "on", "off", "made"),
    [
        (Kind.BOOLEAN, None, None, (True, False)),
        (Kind.STRING, "Buy now", "", ("Buy now", "")),
        (Kind.NUMBER, "50", "20", (50, 20)),
        (Kind.NUMBER, "1", "0.5", (1.0, 0.5)),
        (Kind.OBJECT, "{“limit”: 3}", "[]", ({"limit": 3}, [])),
    ],
)
def test_two_values_of_one_kind(kind: Kind, on: str | None, off: str | None, made: tuple) -> None:
    found = values(kind, on, off)
    assert found == made
    assert [type(one) for one in found] == [type(one) for one in made]


@pytest.mark.parametrize(
    ("kind", "on", "off"),
    [
        (Kind.BOOLEAN, "true", "false"),
        (Kind.STRING, "x", None),
        (Kind.STRING, "x" * 3_001, ""),
        (Kind.NUMBER, "many", "1"),
        (Kind.NUMBER, "true", "1"),
        (Kind.NUMBER, "NaN", "1"),
        (Kind.NUMBER, "1e999", "1"),
        (Kind.NUMBER, "9007199254740993", "1"),
        (Kind.OBJECT, "{", "{}"),
        (Kind.OBJECT, '"text"', "{}"),
        (Kind.OBJECT, '{"a": 1e999}', "{}"),
        (Kind.OBJECT, '{"a": NaN}', "{}"),
        (Kind.OBJECT, "[" * 2_999, "{}"),
    ],
)
def test_what_not_every_client_can_read_is_refused(kind: Kind, on: str | None, off: str | None) -> None:
    with pytest.raises(Refusal):
        values(kind, on, off)


@given(st.text(max_size=200))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    flag = Flag.make("key", TOM, NOON, kind=Kind.STRING, on=text, off="")
    assert json.loads(flag.on.encode("ascii")) == text
