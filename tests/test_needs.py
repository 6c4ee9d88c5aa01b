"""A missing program skips a test on a laptop and fails it where it is required."""

import pytest

from tests import needs as page
from tests.needs import Missing, needs, required


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EIGHTBELLS_REQUIRE", raising=False)
    monkeypatch.setitem(page.PROGRAMS, "chromium", ("no-such-program",))
    monkeypatch.setitem(page.PROGRAMS, "git", ("sh",))


def test_what_is_missing_is_a_skip_with_its_reason() -> None:
    mark = needs("chromium").mark
    assert mark.args == (True,)
    assert "no-such-program" in mark.kwargs["reason"]


def test_what_is_there_is_no_skip() -> None:
    assert needs("git").mark.args == (False,)


def test_what_is_missing_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGHTBELLS_REQUIRE", "git, chromium")
    assert needs("git").mark.args == (False,)
    with pytest.raises(Missing, match="no-such-program"):
        needs("chromium")


def test_a_slip_in_what_is_required_requires_nothing_silently_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGHTBELLS_REQUIRE", "chromum")
    with pytest.raises(ValueError, match="chromum"):
        required()
