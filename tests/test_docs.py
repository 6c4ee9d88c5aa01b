"""README says what the code does."""

import re

import pytest

from tests.doc_tables import ROOT, TABLES, written


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_is_as_the_code_says(name: str) -> None:
    text = (ROOT / TABLES[name][0]).read_text("utf-8")

    assert written(name, text) == text, "run `make docs`"


def test_every_file_that_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text("utf-8"))

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
