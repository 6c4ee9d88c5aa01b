"""What the code's shape promises: imports point inwards, parts stay small, each library has its one place."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES_MAX = 300
FUNCTION_LINES_MAX = 40

# Modules that may be longer, each with the reason. A reason that no longer holds is a failing test.
LONG_MODULES: dict[str, str] = {
    "bot/storage/migrations/versions/0001_initial.py": "written by Alembic, a line a column",
}

# Who alone may import a library, so that replacing it, or reading what it does here, means one place.
PLACES: dict[str, tuple[str, ...]] = {
    "slack_bolt": ("bot/slack/inbound",),
    "slack_sdk": ("bot/slack", "bot/app", "bot/operator", "bot/try_out"),
    "sqlalchemy": ("bot/storage",),
    "alembic": ("bot/storage/migrations",),
    "asyncpg": ("bot/storage",),
    "jinja2": ("bot/slack/rendering",),
    "dateparser": ("bot/slack/grammar",),
    "gidgethub": ("bot/vendors/github", "bot/vendors/kit"),
    "cloudevents": ("bot/vendors/cdevents",),
    "mmh3": ("bot/vendors/flagd",),
    "jmespath": ("bot/vendors/generic", "bot/vendors/kit/team_file"),
}


def sources() -> Iterator[Path]:
    """Every module of ours."""
    for folder in ("bot", "commands"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """A module as this page names it."""
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Top-level packages that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_imports_point_inwards() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert told.returncode == 0, told.stdout + told.stderr


def test_core_and_models_are_the_standard_library_and_lower_rooms() -> None:
    allowed = {*sys.stdlib_module_names, "bot"}
    ours = ("bot.core", "bot.team", "bot.stages")
    pure = [path for path in sources() if "model" in path.parts or name_of(path).startswith("bot/core/")]
    strangers = {
        f"{name_of(path)}: {name}"
        for path in pure
        for name in imported(path)
        if name.partition(".")[0] not in allowed or (name.startswith("bot.") and not name.startswith(ours))
    }
    assert strangers == set()


@pytest.mark.parametrize("library", PLACES)
def test_a_library_has_its_one_place(library: str) -> None:
    elsewhere = [
        name_of(path)
        for path in sources()
        if any(name.partition(".")[0] == library for name in imported(path))
        and not name_of(path).startswith(PLACES[library])
    ]
    assert elsewhere == []


def test_playground_and_bot_meet_at_a_url() -> None:
    crossing = {
        f"{name_of(path)}: {name}"
        for path in sources()
        for name in imported(path)
        if name.partition(".")[0] in {"bot", "commands"}
        and ("bot/playground/" in name_of(path)) != name.startswith("bot.playground")
    }
    assert crossing == set()


def test_no_module_is_too_long_to_read() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    too_long = {name for name, length in lengths.items() if length > LINES_MAX}
    assert too_long == set(LONG_MODULES), {name: lengths.get(name) for name in too_long ^ set(LONG_MODULES)}


def test_no_function_is_too_long_to_read() -> None:
    too_long = [
        f"{name_of(path)}:{node.lineno} {node.name}: {length} lines"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        # Without its docstring and decorators: those are read on their own.
        if (length := _body_lines(node)) > FUNCTION_LINES_MAX
        if "migrations/versions" not in name_of(path)  # written by Alembic, one statement a column
    ]
    assert too_long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in sources()
        if "migrations/versions" not in name_of(path)
        and not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert silent == []


def test_only_clocks_ask_the_machine_what_time_it_is() -> None:
    allowed = (
        "bot/runtime/",
        "bot/playground/",
        "bot/try_out/",
        "bot/storage/migrations/__main__",
        "bot/app",
        "bot/__main__",
    )
    asking = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        if not name_of(path).startswith(allowed)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
    ]
    assert asking == []


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
