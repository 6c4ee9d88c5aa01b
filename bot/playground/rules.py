"""What rules about JSON are made of: each check adds a sentence and a pointer for every problem it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any, str, list[str]], None]


def problem(errors: list[str], sentence: str, at: str) -> None:
    errors.append(f"{sentence} [json-pointer:{at}]")


def string(most: int, least: int = 0) -> Check:
    def check(value: Any, at: str, errors: list[str]) -> None:
        if not isinstance(value, str):
            problem(errors, "must be a string", at)
        elif len(value) > most:
            problem(errors, f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            problem(errors, f"must be more than {least - 1} characters", at)

    return check


def choice(*values: Any) -> Check:
    def check(value: Any, at: str, errors: list[str]) -> None:
        if value not in values:
            problem(errors, f"must be one of: {', '.join(map(str, values))}", at)

    return check


def boolean(value: Any, at: str, errors: list[str]) -> None:
    if not isinstance(value, bool):
        problem(errors, "must be a boolean", at)


def number(least: int, most: int) -> Check:
    def check(value: Any, at: str, errors: list[str]) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            problem(errors, f"must be a number between {least} and {most}", at)

    return check


def anything(value: Any, at: str, errors: list[str]) -> None:
    """For what Slack checks and the playground does not."""


def array(of: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, at: str, errors: list[str]) -> None:
        if not isinstance(value, list):
            problem(errors, "must be an array", at)
            return
        if len(value) > most:
            problem(errors, f"no more than {most} items allowed", at)
        elif len(value) < least:
            problem(errors, f"no fewer than {least} items allowed", at)
        for position, item in enumerate(value[: most + 1]):
            of(item, f"{at}/{position}", errors)

    return check


def shape(required: str, /, **fields: Check) -> Check:
    """An object with these fields and no others; `required` names those that must be there."""
    needed = required.split()

    def check(value: Any, at: str, errors: list[str]) -> None:
        if not isinstance(value, dict):
            problem(errors, "must be an object", at)
            return
        for name in needed:
            if value.get(name) is None:
                problem(errors, f"missing required field: {name}", at)
        for name, item in value.items():
            if name == "type" or item is None:
                continue
            if name not in fields:
                problem(errors, f"invalid additional property: {name}", at)
            else:
                fields[name](item, f"{at}/{name}", errors)

    return check


def one_of(kinds: dict[str, Check], allowed: str | None = None) -> Check:
    """An object whose `type` picks its rules."""
    names = set(allowed.split()) if allowed else None

    def check(value: Any, at: str, errors: list[str]) -> None:
        if not isinstance(value, dict):
            problem(errors, "must be an object", at)
            return
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in kinds or (names is not None and kind not in names):
            problem(errors, f"unsupported type: {kind}", f"{at}/type")
        else:
            kinds[kind](value, at, errors)

    return check


def with_one(check: Check, *names: str) -> Check:
    """A check, and that one of these fields is there."""

    def both(value: Any, at: str, errors: list[str]) -> None:
        check(value, at, errors)
        if isinstance(value, dict) and not any(value.get(name) for name in names):
            problem(errors, f"must define either {' or '.join(f'`{name}`' for name in names)}", at)

    return both
