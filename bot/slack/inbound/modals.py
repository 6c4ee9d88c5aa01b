"""Forms as Slack's modals, and what was filled in as arguments again."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast

from bot.core.command import Field, Form, Kind, MessageRef, Parameter, Verb
from bot.core.messages import Rendered
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.ports import Render
from bot.core.refusals import Refusal
from bot.core.team import Team
from bot.slack.grammar import Around, values
from bot.slack.grammar.suggest import nearest
from bot.slack.grammar.tokens import Word, clean

Block = dict[str, Any]

OPTIONS_MAX = 100  # of a select; docs.slack.dev/reference/block-kit/block-elements/select-menu-element
OPTION_TEXT_MAX = 75  # characters
METADATA_MAX = 3_000  # characters; docs.slack.dev/reference/views/modal-views
INPUT_MAX = 3_000  # characters; docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
HINT_MAX = 2_000  # characters of an input block's label and hint

CHECKBOXES_MAX = 10  # docs.slack.dev/reference/block-kit/block-elements/checkboxes-element

_SELECTS = frozenset({Kind.SERVICE, Kind.ENVIRONMENT, Kind.CHOICE})
_ANSWERS = ("value", "selected_user", "selected_date", "selected_conversation", "selected_time")
_SEVERAL = frozenset({Kind.PEOPLE, Kind.CHANNEL, Kind.TIME, Kind.CHOICES})


def modal(
    form: Form, verb: Verb, around: Around, render: Render, *, channel_id: str, on: MessageRef | None
) -> Block:
    """The form as a view; what it carries comes back with it.

    Raises ``ValueError`` where it carries more than Slack holds.
    """
    kept: dict[str, Any] = {"channel": channel_id}
    if form.carry:
        kept["carry"] = dict(form.carry)
    if on:
        kept["on"] = [on.channel_id, on.ts, on.author_id, on.thread_ts]
    metadata = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
    if len(metadata) > METADATA_MAX:
        raise ValueError(f"the form of {verb.action} carries {len(metadata)} characters; carry ids")
    intro = list(render(form.intro.template, form.intro.context).blocks) if form.intro else []
    return {
        "type": "modal",
        "callback_id": verb.action,
        "title": _plain(form.title, 24),
        "submit": _plain(form.submit, 24),
        "close": _plain("Cancel", 24),
        "private_metadata": metadata,
        "blocks": [*intro, *(_input(field, verb, around) for field in form.fields)],
    }


def notice(rendered: Rendered) -> Block:
    """An answer in a window of its own, for where there is no conversation to say it in."""
    return {
        "type": "modal",
        "title": _plain("Eightbells", 24),
        "close": _plain("Close", 24),
        "blocks": list(rendered.blocks) or [{"type": "section", "text": _plain(rendered.text, 3_000)}],
    }


def read(view: Mapping[str, Any], verb: Verb, around: Around) -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments that a sent form gives, and what is wrong with it, by field."""
    given: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    state = _mapping(_mapping(view.get("state")).get("values"))
    for block in view.get("blocks") or ():
        if not isinstance(block, dict) or block.get("type") != "input":
            continue
        name = block.get("block_id") or ""
        parameter = _parameter(block, verb)
        answer = _answer(_mapping(next(iter(_mapping(state.get(name)).values()), None)))
        if not answer:
            if not block.get("optional"):
                wrong[name] = "Fill this in."
            continue
        try:
            given[name] = _value(name, parameter, answer, around)
        except Refusal as refusal:
            wrong[name] = refusal.sentence
    return given, wrong


def first_input(view: Mapping[str, Any]) -> str | None:
    """The block to show an error at that is about no field."""
    return next(
        (b.get("block_id") for b in view.get("blocks") or () if isinstance(b, dict) and b.get("type") == "input"),
        None,
    )


def suggestions(action_id: str, typed: str, verb: Verb, team: Team, person: Person) -> list[Block]:
    """Options for what is typed into a select of ours: beginnings first, then what contains it or looks like it."""
    names = _names(Kind(action_id), verb, team, person) if action_id in {Kind.SERVICE, Kind.ENVIRONMENT} else ()
    wanted = typed.strip().casefold()
    begins = [name for name in names if name.casefold().startswith(wanted)]
    contains = [name for name in names if wanted in name.casefold()]
    near = nearest(typed, names, 10) if wanted else ()
    return [_option(name) for name in dict.fromkeys([*begins, *contains, *near])][:OPTIONS_MAX]


def _input(field: Field, verb: Verb, around: Around) -> Block:
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label, HINT_MAX),
        "element": _element(field, verb, around),
        "optional": field.optional,
    }
    if field.hint:
        block["hint"] = _plain(field.hint, HINT_MAX)
    return block


def _element(field: Field, verb: Verb, around: Around) -> Block:
    kind = field.parameter.kind
    # The kind comes back as the action id, so that the answer can be read without knowing the form.
    name = f"{kind.value}:{field.parameter.prefix}" if field.parameter.prefix else kind.value
    if kind in _SELECTS:
        return {"action_id": name} | _select(field, verb, around)
    if kind is Kind.PERSON:
        initial = {"initial_user": field.value} if field.value else {}
        return {"type": "users_select", "action_id": name} | initial
    if kind is Kind.DATE:
        initial = {"initial_date": date.isoformat(field.value)} if field.value else {}
        return {"type": "datepicker", "action_id": name} | initial
    if kind in _SEVERAL:
        return {"action_id": name} | _of_several(field)
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "max_length": INPUT_MAX,
        "multiline": kind is Kind.TEXT and field.parameter.long,
    }
    shown = _shown(field.value, around)
    return element | ({"initial_value": shown[:INPUT_MAX]} if shown else {})


def _of_several(field: Field) -> Block:
    """What is picked with Slack's own pickers: several people, a conversation, a time, several of a few words."""
    match field.parameter.kind:
        case Kind.PEOPLE:
            return {"type": "multi_users_select"} | ({"initial_users": list(field.value)} if field.value else {})
        case Kind.CHANNEL:
            only = {"include": ["public", "private"], "exclude_bot_users": True}
            initial = {"initial_conversation": field.value} if field.value else {}
            return {"type": "conversations_select", "filter": only} | initial
        case Kind.TIME:
            return {"type": "timepicker"} | ({"initial_time": f"{field.value:%H:%M}"} if field.value else {})
        case _:
            options = [_option(name) for name in field.parameter.choices][:OPTIONS_MAX]
            chosen = [option for option in options if option["value"] in (field.value or ())]
            kind = "checkboxes" if len(options) <= CHECKBOXES_MAX else "multi_static_select"
            return {"type": kind, "options": options} | ({"initial_options": chosen} if chosen else {})


def _select(field: Field, verb: Verb, around: Around) -> Block:
    names = field.parameter.choices or _names(field.parameter.kind, verb, around.team, around.by)
    initial = {"initial_option": _option(str(field.value))} if field.value in names else {}
    if not 0 < len(names) <= OPTIONS_MAX:
        return {"type": "external_select", "min_query_length": 0} | initial
    return {"type": "static_select", "options": [_option(name) for name in names]} | initial


def _names(kind: Kind, verb: Verb, team: Team, person: Person) -> tuple[str, ...]:
    """Those of the team file for which the person may use the verb."""
    policy = Policy(team)
    may = policy.services_for if kind is Kind.SERVICE else policy.environments_for
    return tuple(may(verb.action, person))


def _parameter(block: Mapping[str, Any], verb: Verb) -> Parameter:
    """What the field holds: as the verb declares it, or as its element says."""
    declared = verb.parameters.get(block.get("block_id") or "")
    kind, _, prefix = str((block.get("element") or {}).get("action_id") or "").partition(":")
    try:
        shown = Parameter(Kind(kind), prefix=prefix)
    except ValueError:
        shown = Parameter(Kind.TEXT)
    if declared and declared.kind is shown.kind:
        return declared
    if shown.kind in {Kind.CHOICE, Kind.CHOICES}:
        options = (block.get("element") or {}).get("options") or ()
        return replace(shown, choices=tuple(option["value"] for option in options))
    return shown


def _answer(state: Mapping[str, Any]) -> tuple[str, ...]:
    """What was filled in: one answer, several where several were picked, none where nothing was."""
    options = [state["selected_option"]] if state.get("selected_option") else _list(state.get("selected_options"))
    picked = [_mapping(option).get("value") for option in options] or _list(state.get("selected_users"))
    one = next((state[name] for name in _ANSWERS if state.get(name)), None)
    found = picked or ([one] if one else [])
    return tuple(plain for each in found if isinstance(each, str) and (plain := clean(each)))


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else one without anything: what comes back is not always what we sent."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _value(name: str, parameter: Parameter, answer: tuple[str, ...], around: Around) -> Any:
    is_person = parameter.kind in {Kind.PERSON, Kind.PEOPLE}
    words = tuple(Word(each, each, quoted=True, user_id=each if is_person else "") for each in answer)
    return values.read(name, parameter, words, around)


def _shown(value: Any, around: Around) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(around.by.tz):%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _option(name: str) -> Block:
    return {"text": _plain(name, OPTION_TEXT_MAX), "value": name}


def _plain(text: str, most: int) -> Block:
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return {"type": "plain_text", "text": shown or " ", "emoji": False}
