"""The team file as text: what YAML makes of it is told with its line, and nothing in it keeps `check` busy."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config.team_file import parse_team, read_team
from bot.config.yaml_text import DEPTH_MAX, SIZE_MAX

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(9)
)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join([f'*{chr(97 + n)}'] * 10)}]}}\n" for n in range(9)
)


def told(tmp_path: Path, content: bytes | str) -> list[str]:
    """The mistakes, without the folder."""
    file = tmp_path / "team.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    _, mistakes = read_team(file)
    return [str(mistake).removeprefix(f"{tmp_path}/") for mistake in mistakes]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("name:\n  " + "[" * 3_000, f"line 2: is nested deeper than {DEPTH_MAX} levels", id="deep"),
        pytest.param(
            "".join(" " * n + "a:\n" for n in range(400)), f"line {DEPTH_MAX}: is nested deeper", id="deep-mapping"
        ),
        pytest.param(
            "a: 1\nname: " + "9" * 5_000, f"line 2: “{'9' * 60}…” cannot be read as a number", id="digits"
        ),
        pytest.param("name: 0x" + "f" * 5_000, "line 1: “0xf", id="hexadecimal"),
        pytest.param("name: 0x_", "line 1: “0x_” cannot be read as a number", id="no-digits"),
        pytest.param("name: 2026-02-31", "line 1: “2026-02-31” cannot be read as a date", id="no-such-day"),
        pytest.param("name: !!timestamp soon", "line 1: “soon” cannot be read as a date", id="no-timestamp"),
        pytest.param("name: !!bool perhaps", "line 1: “perhaps” cannot be read as true or false", id="no-bool"),
        pytest.param("people:\n  ? [a, b]\n  : c", "line 2: a list or a mapping cannot be a key", id="list-key"),
        pytest.param("? {a: 1}\n: c", "line 1: a list or a mapping cannot be a key", id="mapping-key"),
        pytest.param("? !!set {a, b}\n: c", "line 1: a list or a mapping cannot be a key", id="set-key"),
        pytest.param("people: &a {b: *a}", "line 1: holds itself, by its own alias", id="itself"),
        pytest.param("name: &a [*a]", "line 1: holds itself, by its own alias", id="list-itself"),
        pytest.param(BOMB, "line 6: holds more than 200,000 values by its aliases", id="bomb"),
        pytest.param(MERGE_BOMB, "line 6: holds more than 200,000 values by its aliases", id="merge-bomb"),
        pytest.param("name: *who", "line 1: * begins an alias in YAML, and nothing has that name", id="no-anchor"),
        pytest.param("people:\n  <<: ana", "line 2: << takes a mapping, or a list of them", id="merged-word"),
        pytest.param("name: a\nname: b", "line 2: name is there twice", id="twice"),
        pytest.param("people:\n\tana: x", "cannot start any token: indent with spaces", id="tab"),
        pytest.param("name: x\n".encode("utf-16"), "team.yml: is written in UTF-16; save it as UTF-8", id="utf-16"),
        pytest.param(b"name: x\nb: caf\xe9", "line 2: byte 0xe9 is no UTF-8; save the file as UTF-8", id="latin-1"),
        pytest.param("name: x\nb: \x00", "line 2: holds a character that YAML does not know (U+0000)", id="nul"),
        pytest.param("on: x", "line 1: YAML reads the key on as true or false; put it in quotes", id="key-on"),
        pytest.param("services:\n  no: {}", "line 2: YAML reads the key no as true or false", id="key-no"),
        pytest.param("services:\n  123: {}", "line 2: YAML reads the key 123 as a number", id="key-number"),
        pytest.param("~: x", "line 1: YAML reads the key ~ as nothing", id="key-nothing"),
        pytest.param(
            "name: no", "name: input should be a valid string; YAML reads what stands here as false", id="no"
        ),
        pytest.param("name: 010", "YAML reads what stands here as 8, so put it in quotes", id="octal"),
        pytest.param("name: 17:00", "YAML reads what stands here as 1020, so put it in quotes", id="by-sixties"),
        pytest.param("name: 2026-12-31", "YAML reads what stands here as 2026-12-31, so", id="date"),
        pytest.param("name: a\n---\nname: b", "line 2: but found another document", id="two"),
        pytest.param("#" * (SIZE_MAX + 1), f"has 1,000,001 bytes, and {SIZE_MAX:,} is the most", id="large"),
        pytest.param("environments: 5", "environments: input should be a valid dictionary", id="no-section"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_its_line(
    tmp_path: Path, content: bytes | str, sentence: str
) -> None:
    assert sentence in told(tmp_path, content)[0]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert told(tmp_path, b"\xef\xbb\xbfname: x\n") == []


def test_anchors_and_merge_keys_are_read_as_yaml_means_them(tmp_path: Path) -> None:
    file = tmp_path / "team.yml"
    file.write_text(
        """
environments:
  staging: &usual {expires_after: 1h}
  canary: &strict {approvals: 2, expires_after: 2h, order: 2}
  production:
    <<: [*strict, *usual]
    order: 3
  other: *usual
services: {web: {owners: &owners [U0ANA00001]}, api: {owners: *owners}}
"""
    )
    team, mistakes = read_team(file)
    assert mistakes == []
    assert team
    production, other = team.environments["production"], team.environments["other"]
    assert (production.approvals, production.expires_after, production.order) == (2, timedelta(hours=2), 3)
    assert other.expires_after == timedelta(hours=1)
    assert team.services["api"].owners == ("U0ANA00001",)


def test_a_key_of_a_base_may_be_said_anew_but_not_twice(tmp_path: Path) -> None:
    base = "people:\n  ana: &ana {slack: U0ANA00001, github: ana}\n  tom:\n    <<: *ana\n"
    assert told(tmp_path, base + "    slack: U0TOM00001\n    github: tom\n") == []
    twice = told(tmp_path, base + "    github: tom\n    github: thomas\n")
    assert twice == ["team.yml line 6: github is there twice"]


@pytest.mark.parametrize(
    "raw", [{"services": {True: {}}}, {None: 1}, {"people": {1: {2: 3}}}, {"roles": {"a": {1: 2}}}]
)
def test_a_mistake_at_a_strange_key_is_told_once_and_comes_to_an_end(raw: dict[Any, Any]) -> None:
    team, mistakes = parse_team(raw, "it")
    assert team is None
    assert mistakes
