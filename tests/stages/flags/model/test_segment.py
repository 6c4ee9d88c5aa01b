"""Segments: read as people write them, and asked about what applications tell."""

import pytest

from bot.core.refusals import Refusal
from bot.core.typed_durations import read_length
from bot.stages.flags.model.segment import EVERYBODY, Segment, read_segment
from bot.stages.flags.model.share import percent, read_share, read_steps


def within(text: str, **traits: object) -> bool:
    return all(test(traits) for test in read_segment(text, {}).tests())


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("country in DE, AT", {"country": "AT"}, {"country": "FR"}),
        ("country = DE", {"country": "DE"}, {"country": "de"}),
        ("country is DE", {"country": "DE"}, {}),
        ("country not in DE, AT", {"country": "FR"}, {"country": "DE"}),
        ("country != DE", {"country": "FR"}, {}),
        ('city in "New York, NY", Berlin', {"city": "New York, NY"}, {"city": "NY"}),
        ("team = “rock and roll”", {"team": "rock and roll"}, {"team": "rock"}),
        ("email ends with @example.com", {"email": "a@example.com"}, {"email": "a@example.org"}),
        ("email starts with a", {"email": "a@example.com"}, {"email": 7}),
        ("user in ana, tom", {"targetingKey": "tom"}, {"user": "tom"}),
        ("age >= 18", {"age": 18}, {"age": 17.9}),
        ("age >= 18", {"age": "18"}, {"age": True}),
        ("age < 18", {"age": 3}, {}),
        ("age = 18", {"age": 18.0}, {"age": 19}),
        ("beta = true", {"beta": True}, {"beta": 1}),
        ("beta = 1", {"beta": 1}, {"beta": True}),
        ("version >= 2.4.0", {"version": "2.10.0"}, {"version": "2.4.0-rc.1"}),
        ("app_version < 3", {"app_version": "2.10"}, {"app_version": "3.0.1"}),
        ("version < v3", {"version": "2.99"}, {"version": "3.0.0"}),
        ("version > 1.0.0-alpha.2", {"version": "1.0.0-alpha.10"}, {"version": "1.0.0-alpha.1"}),
        ("version >= 2.4.0", {"version": "2.4.0"}, {"version": "new"}),
        ("version >= 2.4.0", {"version": 3}, {"version": True}),
        ("version >= 2.4.0", {"version": 2.5}, {"version": "2.05.0"}),
        ("age < 18", {"age": 0}, {"age": None}),
        ("age < 18", {"age": [17]}, {"age": [17, 3]}),
        ("age < 18", {"age": " 1e1 "}, {"age": "1_0"}),
        ("beta != true", {"beta": False}, {"beta": None}),
        ("country = DE and plan = pro", {"country": "DE", "plan": "pro"}, {"country": "DE"}),
    ],
)
def test_who_is_within_and_who_is_not(text: str, inside: dict, outside: dict) -> None:
    assert within(text, **inside)
    assert not within(text, **outside)


@pytest.mark.parametrize("told", [["DE"], {"a": 1}, []])
def test_what_nobody_can_write_is_none_of_the_values(told: object) -> None:
    assert not within("country = DE", country=told)
    assert within("country != DE", country=told)


@pytest.mark.parametrize("text", ["version >= 2.04.0", "version < 2024.01", "build > v1.0.0-rc.01"])
def test_a_version_that_applications_cannot_tell_is_refused_with_one_that_they_can(text: str) -> None:
    with pytest.raises(Refusal, match=r"begins with a zero.* Write (2\.4\.0|2024\.1\.0|1\.0\.0-rc\.1), and"):
        read_segment(text, {})


@pytest.mark.parametrize(
    "text", ["country like DE", "country in", "age > many", "= DE", "x" * 3_000, "a=1 and " * 11 + "a=1"]
)
def test_what_is_no_segment_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        read_segment(text, {})


def test_a_segment_reads_again_as_it_is_shown() -> None:
    text = 'city in "New York, NY", Berlin and version >= 2.4.0 and plan = pro and user != tom'
    assert str(read_segment(text, {})) == text


def test_a_name_of_the_team_file_goes_before_conditions() -> None:
    beta = Segment(read_segment("plan = pro", {}).conditions, "beta")

    assert read_segment("BETA", {"beta": beta}) is beta
    assert read_segment("everybody", {"beta": beta}) is EVERYBODY


@pytest.mark.parametrize(
    ("text", "share"), [("10%", 1_000), ("10", 1_000), ("0.5 %", 50), ("12,25%", 1_225), ("100 percent", 10_000)]
)
def test_shares_as_people_write_them(text: str, share: int) -> None:
    assert read_share(text) == share
    assert read_share(percent(share)) == share


@pytest.mark.parametrize(
    "text", ["1%, 10%, 50%", "1, 10, 50", "1% → 10% → 50%", "1 % 10 % 50 %", "1,10,50", "1% then 10% then 50%"]
)
def test_steps_as_people_write_them(text: str) -> None:
    assert read_steps(text) == (100, 1_000, 5_000)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2 h", 120),
        ("90m", 90),
        ("1 h 30 min", 90),
        ("1.5 hours", 90),
        ("2 days", 2880),
        ("beta", None),
        ("country in DE", None),
        ("0 h", None),
    ],
)
def test_lengths_as_people_write_them(text: str, minutes: int | None) -> None:
    length = read_length(text)
    assert (length and length.total_seconds() / 60) == minutes
