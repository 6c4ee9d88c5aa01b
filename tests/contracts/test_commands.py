"""What holds for every command that is found: a new one is tried here before its author writes a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import discovery
from bot.core.command import Kind
from bot.slack.grammar import Book, Help, Wish, form_of
from bot.slack.grammar.help import help_reply, plain_example
from bot.slack.inbound import modals
from bot.slack.rendering.render import Rendering
from bot.stages.flow import authorise
from tests.slack.grammar.test_grammar import AROUND

ROOT = Path(__file__).resolve().parents[2]
BOOK = Book(discovery.commands())
RENDER = Rendering()
VERBS = list(BOOK.verbs.values())
EXAMPLES = [(verb, example) for verb in VERBS for example in verb.examples]
SOURCES = [
    *(ROOT / "commands").rglob("*.py"),
    *(ROOT / "bot" / "stages").rglob("*.py"),
    *(ROOT / "bot" / "team").rglob("*.py"),
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.j2"))

of_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.action)


def literal_templates() -> Iterator[tuple[str, str]]:
    """Where a ``Reply``, ``Message`` or ``Home`` names its template by a literal, and that name."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            place = {"Reply": 0, "Message": 2, "Home": 1}.get(node.func.id)
            if place is None:
                continue
            named = [keyword.value for keyword in node.keywords if keyword.arg == "template"]
            for value in [*named, *node.args[place : place + 1]]:
                for literal in ast.walk(value):
                    if (
                        isinstance(literal, ast.Constant)
                        and isinstance(literal.value, str)
                        and "/" in literal.value
                    ):
                        yield f"{path.relative_to(ROOT)}:{literal.lineno}", literal.value


def buttons() -> Iterator[tuple[str, str]]:
    """Every button of every template: where, and its action."""
    for path in TEMPLATES:
        for action in re.findall(r"\baction=\"([^\"]+)\"", path.read_text("utf-8")):
            yield path.relative_to(ROOT).as_posix(), action


@pytest.mark.parametrize(("verb", "example"), EXAMPLES, ids=lambda each: getattr(each, "action", each))
def test_an_example_is_understood_in_full(verb, example):
    wish = BOOK.understand(BOOK.commands[verb.command], plain_example(verb, example), AROUND)
    assert isinstance(wish, Wish)
    assert (wish.verb, wish.missing) == (verb, ())


def test_there_are_examples():
    assert len(EXAMPLES) > 10


@of_verb
def test_a_verb_has_a_name_that_slack_and_the_policy_can_hold(verb):
    assert re.fullmatch(r"[a-z][a-z-]*(\.[a-z][a-z_-]*)?", verb.action)
    assert len(verb.action) <= 255
    assert verb.name != "help"
    assert verb.summary
    assert len(verb.summary) <= 120


def test_no_two_verbs_share_an_action():
    actions = [verb.action for command in BOOK.commands.values() for verb in command.verbs.values()]
    assert len(actions) == len(set(actions))


@of_verb
def test_a_verbs_help_can_be_shown(verb):
    command = BOOK.commands[verb.command]
    for wanted in (Help(command), Help(command, verb), Help()):
        reply = help_reply(BOOK, wanted, lambda _: True)
        assert verb.hidden or RENDER(reply.template, reply.context).text


@of_verb
def test_a_verbs_form_is_one_that_slack_takes(verb):
    form = form_of(verb, BOOK.line(verb))
    view = modals.modal(form, verb, AROUND, RENDER, channel_id="C0GENERAL", on=None)
    assert len(view["title"]["text"]) <= 24
    assert len(view["blocks"]) <= 100
    ids = [block["block_id"] for block in view["blocks"]]
    assert len(ids) == len(set(ids))


@of_verb
def test_what_a_form_gives_is_what_the_line_takes(verb):
    required = {
        slot.name for segment in BOOK.line(verb).segments if segment.group is None for slot in segment.slots
    }
    form = form_of(verb, BOOK.line(verb))
    assert {field.name for field in form.fields} == set(verb.parameters)
    assert {field.name for field in form.fields if not field.optional} <= required


@of_verb
def test_what_a_verbs_ids_name_can_be_asked_about(verb):
    assert authorise.unresolved(verb) == [], "say with about= which service and environment these ids are about"


@of_verb
def test_what_a_verb_is_as_well_is_a_verb(verb):
    assert set(verb.also) <= BOOK.verbs.keys()


@pytest.mark.parametrize("command", BOOK.commands.values(), ids=lambda command: command.name)
def test_a_shortcut_fills_words(command):
    for shortcut in command.shortcuts:
        assert command.verbs[shortcut.verb].parameters[shortcut.fills].kind is Kind.TEXT


def test_the_prefix_renames_every_command_and_nothing_else():
    renamed = Book(discovery.commands(), "ops-")
    for name, command in renamed.commands.items():
        assert renamed.command(f"/ops-{name}") is command
        assert renamed.command(f"/{name}") is None
    assert set(renamed.verbs) == set(BOOK.verbs)


@pytest.mark.parametrize(("where", "template"), sorted(set(literal_templates())))
def test_a_template_that_is_named_is_there(where, template):
    assert (ROOT / "templates" / f"{template}.j2").exists(), f"{where} names templates/{template}.j2"


@pytest.mark.parametrize(("where", "action"), sorted(set(buttons())))
def test_a_button_calls_a_verb(where, action):
    assert action in BOOK.verbs, f"{where} has a button for {action!r}, which is no verb"


def test_a_row_of_names_was_found():
    assert len(list(literal_templates())) > 10
    assert len(list(buttons())) > 3


def test_every_template_is_used():
    written = [*(ROOT / "commands").rglob("*.py"), *(ROOT / "bot").rglob("*.py"), *TEMPLATES]
    text = "\n".join(path.read_text("utf-8") for path in written if "playground" not in path.parts)
    names = [path.relative_to(ROOT / "templates").as_posix().removesuffix(".j2") for path in TEMPLATES]
    # A name may be made of its folder and a state: f"deploy/{deployment.state}".
    made = {name for name in names if f'f"{name.rpartition("/")[0]}/{{' in text}
    unused = [name for name in names if f'"{name}"' not in text and f'"{name}.j2"' not in text and name not in made]
    assert unused == []
