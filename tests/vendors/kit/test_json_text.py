"""JSON of others: as much is read as can be read without holding the process up."""

import json
import sys
from typing import Any

import pytest

from bot.vendors.kit import json_text
from bot.vendors.kit.webhooks import MalformedPayload
from bot.vendors.kit.webhooks import loaded as loaded_body

MANY = json_text.VALUES_MAX + 1
HEAVY = {
    "empty lists": b"[" + b",".join([b"[]"] * json_text.CONTAINERS_MAX) + b"]",
    "empty objects": b"[" + b",".join([b"{}"] * json_text.CONTAINERS_MAX) + b"]",
    "numbers": b"[" + b",".join([b"1"] * (MANY + 1)) + b"]",
    "keys": json.dumps({f"k{n}": 1 for n in range(MANY + 1)}).encode(),
    "nested lists": (b"[" * 500 + b"]" * 500 + b",") * 200,
}


@pytest.mark.parametrize("what", HEAVY)
def test_more_values_than_are_read_in_time_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(json, "loads", never)
    for text in (HEAVY[what], HEAVY[what].decode()):
        with pytest.raises(json_text.TooMuch, match=r"more than .* send fewer at once"):
            json_text.loaded(text)
    with pytest.raises(MalformedPayload, match="send fewer at once"):
        loaded_body(HEAVY[what])


def test_ten_thousand_alerts_are_read() -> None:
    labels = dict.fromkeys(("alertname", "service", "severity", "instance", "environment"), "abcdefgh")
    told = {"summary": "It is slow, and that for long", "description": "x" * 100}
    one = {"status": "firing", "labels": labels, "annotations": told, "startsAt": "2026-01-01T00:00:00Z"}
    body = json.dumps({"alerts": [one] * 10_000}).encode()
    assert len(json_text.loaded(body)["alerts"]) == 10_000


@pytest.mark.parametrize("text", ["1" * 101, "-" + "1" * 101, "[" + "1" * 4_000 + "]", "[" * 40_000])
def test_numbers_and_depths_that_take_long_are_no_json(text: str) -> None:
    assert sys.get_int_max_str_digits() > 4_000 or not sys.get_int_max_str_digits()
    with pytest.raises(ValueError, match=r"digits|nested"):
        json_text.loaded(text)


@pytest.mark.parametrize("text", ["{}", '{"id": 9007199254740993, "at": 1.5e3, "a": [true, null, -3]}', '"a, [b"'])
def test_everything_else_is_as_json_says(text: str) -> None:
    assert json_text.loaded(text) == json_text.loaded(text.encode()) == json.loads(text)


PATCH = json.dumps([{"patch": '- f("a, b", [{}]) \\\\ \\"\n' * 60_000, "sha": "1"}]).encode()


async def test_a_patch_may_hold_any_number_of_commas_and_brackets() -> None:
    with pytest.raises(json_text.TooMuch):
        json_text.loaded(PATCH)
    assert await json_text.loaded_of_code(PATCH) == json.loads(PATCH)


@pytest.mark.parametrize("what", HEAVY)
async def test_what_a_code_host_says_is_bounded_as_well(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(json, "loads", never)
    for text in (HEAVY[what], PATCH[:-1] + b"," + HEAVY[what] + b"]", b'["\\\\",' + HEAVY[what] + b"]"):
        with pytest.raises(json_text.TooMuch):
            await json_text.loaded_of_code(text)


async def test_a_word_each_is_too_many_values() -> None:
    with pytest.raises(json_text.TooMuch):
        await json_text.check(b'"",' * (4 * MANY))


@pytest.mark.parametrize("before", [0, 2**15 - 150, 2**15 - 50, 2**15 - 5, 2**15 - 3, 2**15, 2**16 - 50])
async def test_a_number_of_thousands_of_digits_is_found_wherever_it_stands(before: int) -> None:
    digits = b"1" * 101
    with pytest.raises(ValueError, match="100 digits"):
        await json_text.check(b'["' + b"x" * before + b'", ' + digits + b"]")
    await json_text.check(b'["' + b"x" * before + digits + b'"]')
