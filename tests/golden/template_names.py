"""Which templates the code names, found by reading it."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Position and keyword of the template's name in each call that takes one.
_TAKES = {"Reply": (0, "template"), "Message": (2, "template"), "Home": (1, "template")}


@dataclass(frozen=True, slots=True)
class Named:
    """A template's name in the code; a name that is put together is a pattern."""

    where: str
    pattern: str

    def fits(self, template: str) -> bool:
        """Whether the code may mean this template."""
        return re.fullmatch(self.pattern, template) is not None


def named_in_code(root: Path = ROOT) -> list[Named]:
    """Names in ``Reply``, ``Message`` and ``Home``; a variable there is followed no further."""
    return [
        Named(f"{path.relative_to(root)}:{call.lineno}", pattern)
        for path in _sources(root)
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        for pattern in _patterns_in(call)
    ]


@functools.cache
def words_in_code(root: Path = ROOT) -> list[Named]:
    """Every text in the code that could name a template: those too that reach a call through a variable."""
    return [
        Named(f"{path.relative_to(root)}:{node.lineno}", pattern)
        for path in _sources(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr)
        if (pattern := _pattern(node)) and "/" in pattern and pattern != ".*/.*"
    ]


@functools.cache
def included_by_templates(folder: Path) -> set[str]:
    """Templates that other templates include, import or extend."""
    found: set[str] = set()
    for path in folder.rglob("*.j2"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\{%-?\s*(?:include|import|from|extends)\s+["']([^"']+)\.j2["']""", text))
    return found


def _sources(root: Path) -> Iterator[Path]:
    for folder in ("bot", "commands"):
        yield from (path for path in sorted((root / folder).rglob("*.py")) if "playground" not in path.parts)


def _patterns_in(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name not in _TAKES:
        return
    position, keyword = _TAKES[name]
    given = [argument.value for argument in call.keywords if argument.arg == keyword]
    given += call.args[position : position + 1]
    for node in given:
        for choice in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
            if pattern := _pattern(choice):
                yield pattern


def _pattern(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(part) if isinstance(part, ast.Constant) else ".*" for part in node.values)
    return ""
