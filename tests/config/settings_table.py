"""Writes the table of settings into docs/operating.md: ``python -m tests.config.settings_table``."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from bot.config.settings import HOOK_SECRET, OFREP_TOKEN, Settings

PAGE = Path(__file__).resolve().parents[2] / "docs/operating.md"
_NAMED = {HOOK_SECRET: "<SOURCE>", OFREP_TOKEN: "<ENVIRONMENT>"}
_MARKED = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)


def table() -> str:
    """Every variable, its default and what it is."""
    lines = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for field in Settings.model_fields.values():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        shown = "" if default in (None, "", PydanticUndefined) else f"`{default}`"
        name = f"{field.alias}{_NAMED.get(field.alias or '', '')}"
        lines.append(f"| `{name}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the table as it should be."""
    return _MARKED.sub(lambda marks: marks[1] + table() + marks[2], PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
