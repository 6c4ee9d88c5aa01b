"""Flags as a file that flagd and its clients read, one for each environment, replaced as a whole.

``fractional`` hashes flag key and targeting key as we do, so whoever reads the file draws the same people, and nobody
without a targeting key. Conditions say the same of whatever JSON an application tells, as flagd's client for Python
reads them (a property test compares the two). What is left: a text that not all clients take for a number ("1_000",
"Infinity", "" where a number is wanted) is none to us, and a version of more than 200 characters is none; clients in
other languages may read a list where a number is wanted, a number where a version is (Go's takes it for none), and 0
where a text is (Go's takes any text for 0) in their own way.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.stages.flags.model.flag import Flag, Serving, value_of
from bot.stages.flags.model.segment import ORDERS, Condition, How, Segment, forms
from bot.stages.flags.model.share import WHOLE

SCHEMA = "https://flagd.dev/schema/v0/flags.json"
_ORDERED = {How.STARTS: "starts_with", How.ENDS: "ends_with"}


def document(flags: Iterable[Flag], environment: str) -> dict[str, Any]:
    """The whole file for one environment."""
    return {
        "$schema": SCHEMA,
        "flags": {
            flag.id: _flag(flag, flag.serving(environment)) for flag in sorted(flags, key=lambda one: one.id)
        },
    }


def path_of(folder: Path, environment: str) -> Path:
    """Where the file of an environment is."""
    return folder / f"{environment}.flagd.json"


def write(folder: Path, environment: str, content: Mapping[str, Any]) -> None:
    """Replace the file at once, so that nobody ever reads a half of it. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=folder, prefix=f".{environment}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path_of(folder, environment))
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _flag(flag: Flag, serving: Serving) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "state": "ENABLED",
        "variants": {"on": value_of(flag.on), "off": value_of(flag.off)},
        "defaultVariant": "on" if serving.is_on else "off",
    }
    if not (serving.is_on or serving.is_off):
        shown["targeting"] = _targeting(serving)
    return shown


def _targeting(serving: Serving) -> dict[str, Any]:
    drawn: Any = {"fractional": [["on", serving.share], ["off", WHOLE - serving.share]]}
    within: Any = "on" if serving.share == WHOLE else drawn if serving.share else "off"
    cases: list[Any] = []
    if serving.always is not None:
        cases += [_segment(serving.always), "on"]
    if serving.segment.is_everybody:
        return {"if": [*cases, within]} if cases else within
    return {"if": [*cases, _segment(serving.segment), within, "off"]}


def _segment(segment: Segment) -> dict[str, Any]:
    return {"and": [part for condition in segment.conditions for part in _condition(condition)]}


def _condition(condition: Condition) -> list[dict[str, Any]]:
    """A condition; without the attribute nobody is within, where JsonLogic would take nothing for 0."""
    attribute: dict[str, Any] = {"var": condition.attribute}
    known = {"!==": [attribute, None]}  # 0 and false are not nothing; to "!=" they are
    match condition.how:
        case How.IN:
            return [_among(attribute, condition)]
        case How.NOT_IN:
            return [known, {"!": _among(attribute, condition)}]
        case how if how in ORDERS:
            if condition.version:
                return [known, {"sem_ver": [attribute, str(how), condition.version]}]
            number = forms(condition.values[0])[1]
            return [known, {str(how): [attribute, number]}]
        case how:
            return [{_ORDERED[how]: [attribute, condition.values[0]]}]


def _among(attribute: dict[str, Any], condition: Condition) -> dict[str, Any]:
    """Whether the attribute is one of the values. To some clients 1 is true and 0 is false; as text they differ."""
    written = [form for value in condition.values for form in forms(value)]
    alike = [form for form in written if not isinstance(form, str) and form in (0, 1)]
    if not alike:
        return {"in": [attribute, written]}
    apart = [form for form in written if isinstance(form, str) or form not in (0, 1)]
    # Only a client to which 1 is true is asked for the text: that of Go makes none of a truth, and fails.
    spelled = [text for form in alike for text in _spelled(form)]
    told_apart = {"or": [{"!==": [1, True]}, {"in": [{"cat": [attribute]}, spelled]}]}
    as_it_is = {"and": [{"or": [{"===": [attribute, form]} for form in alike]}, told_apart]}
    return {"or": [{"in": [attribute, apart]}, as_it_is]}


def _spelled(form: float) -> tuple[str, ...]:
    """A truth, 0 or 1 as the text that clients make of it."""
    if isinstance(form, bool):
        return str(form).lower(), str(form)
    return ("1",) if form else ("0", "-0")
