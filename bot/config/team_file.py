"""Reads ``eightbells.yml`` and makes the domain's ``Team`` of it, or tells every mistake with its path."""

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from bot.config.mistakes import NOTHING_GIVEN, Mistake, nearest
from bot.config.shape import TeamFile
from bot.config.team_rules import cross_checks, team_of
from bot.domain.team import Team

Location = tuple[int | str, ...]


class _Loader(yaml.SafeLoader):
    """YAML in which a key that is there twice is a mistake; YAML's own answer is to forget the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_team(path: Path) -> tuple[Team | None, list[Mistake]]:
    """The team, unless something is wrong, and everything that is."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
    except FileNotFoundError:
        return None, [Mistake(str(path), "is not there; copy eightbells.example.yml and fill it in")]
    except (OSError, UnicodeDecodeError) as fault:
        return None, [Mistake(str(path), f"cannot be read ({fault})")]
    except yaml.YAMLError as fault:
        return None, [Mistake(_place(path, fault), getattr(fault, "problem", None) or "is not YAML")]
    if raw is not None and not isinstance(raw, dict):
        return None, [Mistake(str(path), "holds no settings; see eightbells.example.yml")]
    return parse_team(raw or {}, str(path))


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
                rest = _without(rest, error["loc"] if error["type"] != "missing" else error["loc"][:-1])
    names: dict[str, set[str]] = {
        section: {str(name) for name in raw.get(section) or ()} for section in ("environments", "roles", "people")
    }
    mistakes += [Mistake(_path(where, place), what) for place, what in cross_checks(file, names)]
    return (None if mistakes else team_of(file)), mistakes


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        *parents, key = error["loc"]
        return f"no such key; {nearest(str(key), _keys_at(tuple(parents)))}"
    if error["type"] == "missing":
        return "is missing"
    message: str = error["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


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


def _place(path: Path, fault: yaml.YAMLError) -> str:
    mark = getattr(fault, "problem_mark", None)
    return f"{path} line {mark.line + 1}" if mark else str(path)
