"""Any team file is a team, or a list of mistakes; never a traceback, never without an end."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.config.team_file import parse_team, read_team
from tests.fuzz import fuzz, mutated

EXAMPLE = Path(__file__).resolve().parents[2] / "eightbells.example.yml"
GOOD: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))
PIECES = st.sampled_from(
    (
        *(
            "name: ",
            "services:",
            "environments:",
            "people:",
            "roles:",
            "policy:",
            "\n",
            "\n  ",
            "\n    ",
            " ",
            ": ",
        ),
        *(
            "&a ",
            "*a",
            "<<: *a",
            "? ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "!!int ",
            "!!set ",
            "!!binary ",
            "!!omap ",
            "|",
        ),
        *(
            "on",
            "no",
            "~",
            "1",
            "0x_",
            "010",
            "17:00",
            "2026-02-31",
            ".nan",
            "9" * 5_000,
            "'",
            '"',
            "#",
            "\t",
            "---",
        ),
        *("\x00", "\ufeff", "\u2028", "web", "U0ANA00001", "%YAML 9", ">", "@", "`", "=", "!!timestamp x", "!x "),
    )
)


def answered(found: tuple[Any, list[Any]]) -> None:
    team, mistakes = found
    assert (team is None) is bool(mistakes)
    assert all(str(mistake) for mistake in mistakes)


@fuzz(120)
@given(st.data())
def test_the_example_with_parts_of_it_made_into_something_else(data: Any) -> None:
    raw = mutated(GOOD, data)
    if isinstance(raw, dict):
        answered(parse_team(raw, "it"))


@fuzz(300)
@given(pieces=st.lists(PIECES, max_size=14))
@example(pieces=["services:", "\n  ", "on", ": ", "{", "}"])
@example(pieces=["environments:", " ", "1"])
@example(pieces=["? ", "[", "]", ": ", "1"])
def test_any_text_as_a_team_file(pieces: list[str], tmp_path_factory: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_text("".join(pieces), "utf-8", errors="replace")
    answered(read_team(file))


@fuzz(60)
@given(content=st.binary(max_size=40))
def test_any_bytes_as_a_team_file(content: bytes, tmp_path_factory: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes.yml"
    file.write_bytes(content)
    answered(read_team(file))
