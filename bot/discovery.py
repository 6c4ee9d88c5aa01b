"""Finds commands, webhook sources and what workflows have marked, so that no list of them is kept by hand."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import ModuleType
from typing import Any

from bot.core.command import Command
from bot.core.handlers import Inside, Outside
from bot.slack.grammar import Book
from bot.vendors.kit.webhooks import Source

COMMANDS = "commands"
VENDORS = "bot.vendors"
WEBHOOK = "webhook"  # the module of a vendor that holds its source
ROOMS = ("bot.core", "bot.team", "bot.stages")


class NotDiscoverable(Exception):
    """A module is not what it is found as; the sentence names it and says what to change."""


@dataclass(frozen=True, slots=True)
class Workflows:
    """What workflows do by themselves.

    Attributes:
        inside: what does a job in one transaction, by the job's kind.
        outside: what does a job with transactions of its own, by the job's kind.
        takers: what takes an event, by the event's type, in the order of their modules.
    """

    inside: dict[str, Inside] = field(default_factory=dict[str, Inside])
    outside: dict[str, Outside] = field(default_factory=dict[str, Outside])
    takers: dict[type, list[Callable[..., Any]]] = field(default_factory=dict[type, list[Callable[..., Any]]])


def commands(package: str = COMMANDS) -> dict[str, Command]:
    """Every command by its name, in the order of the flow. Raises ``NotDiscoverable``."""
    found: dict[str, tuple[str, Command]] = {}
    for module in _modules(package):
        command = getattr(module, "command", None)
        if not isinstance(command, Command):
            raise NotDiscoverable(f"{module.__name__} holds no command. Declare `command = Command(…)` in it.")
        if command.name in found:
            other = found[command.name][0]
            raise NotDiscoverable(f"{module.__name__} and {other} both hold /{command.name}. Rename one of them.")
        if not command.verbs:
            raise NotDiscoverable(
                f"{module.__name__}: /{command.name} has no verb. Declare one with @command.verb."
            )
        _compiled(module, command)
        found[command.name] = (module.__name__, command)
    ordered = sorted(
        (command for _, command in found.values()),
        key=lambda each: (each.stage is None, each.stage.order if each.stage else 0, each.name),
    )
    return {command.name: command for command in ordered}


def sources(package: str = VENDORS) -> dict[str, Source]:
    """Every webhook source by its name: ``source`` in a vendor's ``webhook.py``. Raises ``NotDiscoverable``."""
    found: dict[str, Source] = {}
    for module in _modules(package, deep=True, named=WEBHOOK):
        source = getattr(module, "source", None)
        if not isinstance(source, Source):
            raise NotDiscoverable(f"{module.__name__} holds no source. Declare `source = Source(…)` in it.")
        if source.name in found:
            raise NotDiscoverable(f"{module.__name__}: there is a source {source.name!r} already. Rename one.")
        found[source.name] = source
    return found


def workflows(*packages: str) -> Workflows:
    """Everything that workflows have marked. Raises ``NotDiscoverable`` where two do the same kind of job."""
    found = Workflows()
    for module in chain.from_iterable(_modules(package, deep=True) for package in packages or ROOMS):
        for handler in vars(module).values():
            # Only where it is defined: a workflow may import a handler of another.
            if callable(handler) and getattr(handler, "__module__", None) == module.__name__:
                _sort_in(found, handler, vars(handler) if hasattr(handler, "__dict__") else {}, module)
    return found


def _sort_in(found: Workflows, handler: Any, marks: Mapping[str, Any], module: ModuleType) -> None:
    for mark, kept in (("does_job", found.inside), ("does_job_outside", found.outside)):
        kind = marks.get(mark)
        if kind is None:
            continue
        if kind in found.inside or kind in found.outside:
            other = (found.inside.get(kind) or found.outside[kind]).__module__
            raise NotDiscoverable(f"{module.__name__} and {other} both do the job {kind!r}. Only one may.")
        kept[kind] = handler
    if event := marks.get("takes_event"):
        found.takers.setdefault(event, []).append(handler)


def _compiled(module: ModuleType, command: Command) -> None:
    try:
        Book({command.name: command})
    except ValueError as error:
        raise NotDiscoverable(f"{module.__name__}: /{command.name}: {error}") from error


def _modules(package: str, *, deep: bool = False, named: str = "") -> Iterator[ModuleType]:
    """Modules and packages directly below, by name; ``deep``: and what is in the packages. ``_private`` are not.

    Args:
        named: only modules whose last name is this one; the others are not imported.
    """
    top = _imported(package)
    walk = pkgutil.walk_packages if deep else pkgutil.iter_modules
    found = walk(top.__path__, f"{package}.")
    for name in sorted(each.name for each in found):
        last = name.rpartition(".")[2]
        if not last.startswith("_") and last == (named or last):
            yield _imported(name)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise NotDiscoverable(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
