"""Reads ``eightbells.yml`` and makes the domain's ``Team`` of it, or tells every mistake with its path."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from bot.config.shape import TeamFile
from bot.config.team_rules import cross_checks, team_of
from bot.config.yaml_text import read_yaml
from bot.core.team import Team
from bot.sections.mistakes import NOTHING_GIVEN, Mistake, nearest, without_logins

Location = tuple[int | str, ...]


def read_team(path: Path) -> tuple[Team | None, list[Mistake]]:
    """The team, unless something is wrong, and everything that is."""
    raw, unreadable = read_yaml(path)
    if unreadable:
        return None, [unreadable]
    if raw is not None and not isinstance(raw, dict):
        return None, [Mistake(str(path), "holds no settings; see eightbells.example.yml")]
    return parse_team(cast("dict[str, Any]", raw or {}), str(path))


def parse_team(raw: dict[str, Any], where: str) -> tuple[Team | None, list[Mistake]]:
    """The same of what the YAML holds."""
    mistakes: list[Mistake] = []
    file: TeamFile | None = None
    rest: Any = raw
    # What is wrong is told and taken out, so that the rest can be checked against each other in the same run.
    while file is None:
        try:
            file = TeamFile.model_validate(rest)
        except ValidationError as fault:
            errors = [e for e in fault.errors() if rest is raw or e["type"] not in ("missing", NOTHING_GIVEN)]
            mistakes += [Mistake(_path(where, error["loc"]), _sentence(error)) for error in errors]
            for error in fault.errors():
                rest = _shorter(rest, error["loc"] if error["type"] != "missing" else error["loc"][:-1])
    names = {section: _names_in(raw.get(section)) for section in ("environments", "roles", "people")}
    mistakes += [Mistake(_path(where, place), what) for place, what in cross_checks(file, names)]
    return (None if mistakes else team_of(file)), [replace(one, what=without_logins(one.what)) for one in mistakes]


def _names_in(section: Any) -> set[str]:
    """What a section names, where it is a section at all."""
    return {str(name) for name in section} if isinstance(section, Mapping) else set()


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        *parents, key = error["loc"]
        return f"no such key; {nearest(str(key), _keys_at(tuple(parents)))}"
    if error["type"] == "missing":
        return "is missing"
    message: str = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "string_type" and isinstance(error["input"], bool | int | float | date):
        # yaml.org/type/bool.html and its siblings: no, on, 010, 17:00 and 2026-12-31 are no words in YAML 1.1.
        read = error["input"]
        message += f"; YAML reads what stands here as {str(read).lower()}, so put it in quotes"
    return message


def _keys_at(place: Location) -> list[str]:
    """The keys that the file may have at this place."""
    model: type[BaseModel] = TeamFile
    for step in place:
        field = model.model_fields.get(str(step))
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _shorter(node: Any, place: Location) -> Any:
    """A copy without what stands at this place, or as much around it as it takes for the copy to have less."""
    while (shorter := _without(node, place)) == node and place:
        place = place[:-1]
    return shorter


def _without(node: Any, place: Location) -> Any:
    """A copy without what stands at this place; without its whole parent, where the place is not in the data."""
    if not place:
        return {}
    step, *rest = place
    if isinstance(node, Mapping) and step in node:
        kept = {key: value for key, value in node.items() if key != step}
        return kept if not rest else kept | {step: _without(node[step], tuple(rest))}
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        inner = [] if not rest else [_without(node[step], tuple(rest))]
        return [*node[:step], *inner, *node[step + 1 :]]
    return [] if isinstance(node, list) else {}


def _path(where: str, place: Location) -> str:
    steps = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in place)
    return f"{where}: {steps.removeprefix('.')}" if steps else where
