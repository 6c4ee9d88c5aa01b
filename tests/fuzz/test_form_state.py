"""Whatever comes back as a form: arguments that fit their kind, or sentences beside the fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import discovery
from bot.core.command import Verb
from bot.slack.grammar import Book, form_of
from bot.slack.inbound import modals
from tests.fuzz import fuzz, mutated
from tests.hostile import around

BOOK = Book(discovery.commands())
AROUND = around()
ANSWERS: dict[str, Any] = {
    "value": "in 2 h",
    "selected_option": {"value": "web"},
    "selected_options": [{"value": "production"}],
    "selected_users": ["U0TOM00001"],
    "selected_user": "U0TOM00001",
    "selected_date": "2026-12-31",
    "selected_time": "09:30",
    "selected_conversation": "C1",
}


def sent(verb: Verb) -> dict[str, Any]:
    """The verb's form as Slack sends it back, with every kind of answer in every field."""
    form = form_of(verb, BOOK.line(verb), {})
    view = modals.modal(form, verb, AROUND, lambda *_: pytest.fail("it has no intro"), channel_id="C1", on=None)
    names = [block["block_id"] for block in view["blocks"]]
    return view | {"state": {"values": {name: {"x": dict(ANSWERS)} for name in names}}}


@fuzz(150)
@given(st.data())
def test_any_form_state_gives_arguments_or_sentences(data: Any) -> None:
    verb = data.draw(st.sampled_from(list(BOOK.verbs.values())))
    view = sent(verb)
    view["state"] = mutated(view["state"], data)
    given_args, wrong = modals.read(view, verb, AROUND)
    assert all(isinstance(sentence, str) and sentence for sentence in wrong.values())
    assert not given_args.keys() & wrong.keys()
