"""Every message is as it was last agreed, every template has an example, and code and templates name each other."""

import pytest

from bot.slack.rendering.render import OURS, Rendering
from tests.golden.golden import FOLDER, NAMES, examples, golden, path_of, template_of
from tests.golden.slack_rules import broken_rules
from tests.golden.template_names import included_by_templates, named_in_code, words_in_code

RENDER = Rendering(names=NAMES.get)
EXAMPLES = examples()
TEMPLATES = [name for name in RENDER.names() if not name.rpartition("/")[2].startswith("_")]


@pytest.mark.parametrize("key", EXAMPLES)
def test_the_message_is_as_agreed(key: str) -> None:
    path = path_of(key)
    agreed = path.read_text(encoding="utf-8") if path.exists() else "no golden file yet"
    assert golden(RENDER, key, EXAMPLES[key]) == agreed, "run `make golden` and read the diff"


@pytest.mark.parametrize("key", EXAMPLES)
def test_slack_takes_the_message_as_it_is_meant(key: str) -> None:
    most_blocks = 100 if key.startswith("home/") else 50
    assert broken_rules(RENDER(template_of(key), EXAMPLES[key]), most_blocks=most_blocks) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_template_has_an_example(template: str) -> None:
    assert template in {template_of(key) for key in EXAMPLES}, f"add it to tests/golden/contexts, see {FOLDER}"


def test_every_example_is_of_a_template() -> None:
    assert {template_of(key) for key in EXAMPLES} <= set(RENDER.names())


def test_no_golden_file_is_left_over() -> None:
    assert set(FOLDER.rglob("*.json")) <= {path_of(key) for key in EXAMPLES}


def test_every_template_that_the_code_names_is_there() -> None:
    missing = [name for name in named_in_code() if not any(name.fits(template) for template in RENDER.names())]
    assert missing == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_template_is_used(template: str) -> None:
    used = template in included_by_templates(OURS) or any(name.fits(template) for name in words_in_code())
    assert used, f"nothing in the code says {template!r}"
