"""YAML as a careful reader takes it: no key twice, no alias without an end, and every mistake with its line."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from bot.sections.mistakes import Mistake

SIZE_MAX = 1_000_000  # bytes; a team of 5,000 people and 500 services has half of it
DEPTH_MAX = 50  # of lists and mappings inside of each other; a team file needs 8
PARTS_MAX = 200_000  # values once every alias stands for what it names: a bomb has billions
INT_MAX = 10**15  # nothing is counted so far, and Python prints no number of more than 4,300 digits
_SHOWN = 60  # characters of what stands there
_MERGE = "tag:yaml.org,2002:merge"
_WORDS = {
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:timestamp": "a date",
    "tag:yaml.org,2002:null": "nothing",
}


def read_yaml(path: Path) -> tuple[Any, Mistake | None]:
    """What the file holds, or why it cannot be read and in which line."""
    try:
        text = _text(path.read_bytes())
        return _load(text), None
    except FileNotFoundError:
        return None, Mistake(str(path), "is not there; copy eightbells.example.yml and fill it in")
    except OSError as fault:
        return None, Mistake(str(path), f"cannot be read ({fault})")
    except _Unreadable as fault:
        return None, Mistake(f"{path} line {fault.line}" if fault.line else str(path), str(fault))


class _Unreadable(Exception):
    """Why a text is not taken; ``line`` counts from 1, and is 0 where it is about the whole."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


class _Loader(yaml.SafeLoader):
    """YAML in which a key that is there twice is a mistake; YAML's own answer is to forget the first."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            mark = self.peek_event().start_mark  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            raise _Unreadable(f"is nested deeper than {DEPTH_MAX} levels", mark.line + 1)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge keys (``<<: *base``): of several bases the first counts, and before them what the mapping says itself.

        PyYAML's own takes the last base's key where two spell it in different places: yaml.org/type/merge.html.
        """
        _check_keys(self, node)
        kept: dict[tuple[str, str], tuple[yaml.Node, yaml.Node]] = {}
        for base in (base for key, value in node.value if key.tag == _MERGE for base in _bases(value)):
            self.flatten_mapping(base)
            for key, value in base.value:
                kept.setdefault((key.tag, key.value), (key, value))
        kept |= {(key.tag, key.value): (key, value) for key, value in node.value if key.tag != _MERGE}
        node.value = list(kept.values())

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            made = super().construct_object(node, deep=deep)
            if isinstance(made, int) and abs(made) > INT_MAX:
                raise OverflowError
            return made
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
            # PyYAML lets through what int(), date() and others say: 5,000 digits, 31 February, !!bool perhaps.
            what = _WORDS.get(node.tag, f"a value of {node.tag}")
            raise _Unreadable(f"“{_shown(node)}” cannot be read as {what}", node.start_mark.line + 1) from fault


def _text(content: bytes) -> str:
    if len(content) > SIZE_MAX:
        raise _Unreadable(f"has {len(content):,} bytes, and {SIZE_MAX:,} is the most")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unreadable("is written in UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise _Unreadable(f"byte 0x{content[fault.start]:02x} is no UTF-8; save the file as UTF-8", line) from fault


def _load(text: str) -> Any:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _count(node, {})
        return loader.construct_document(node)
    except yaml.reader.ReaderError as fault:
        line = text.count("\n", 0, fault.position) + 1
        raise _Unreadable(
            f"holds a character that YAML does not know (U+{ord(text[fault.position]):04X})", line
        ) from fault
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        raise _Unreadable(_sentence(fault), mark.line + 1 if mark else 0) from fault
    except yaml.YAMLError as fault:
        raise _Unreadable("is not YAML") from fault


def _sentence(fault: yaml.MarkedYAMLError) -> str:
    problem = fault.problem or "is not YAML"
    if problem.startswith("found character '\\t'"):
        return f"{problem}: indent with spaces, YAML takes no tabs"
    # Passwords begin with any sign, so that the word itself is not repeated.
    if problem.startswith("found undefined alias"):
        return "* begins an alias in YAML, and nothing has that name; put the value in quotes"
    if problem.startswith("could not determine a constructor"):
        return "! begins a tag in YAML, and none is taken here; put the value in quotes"
    return problem


def _count(node: yaml.Node, known: dict[yaml.Node, int]) -> int:
    """How many values it holds once each alias stands for what it names; at most so deep as the text itself."""
    if node in known:
        if not known[node]:
            raise _Unreadable("holds itself, by its own alias", node.start_mark.line + 1)
        return known[node]
    known[node] = 0
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        inner = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    known[node] = 1 + sum(_count(part, known) for part in inner)
    if known[node] > PARTS_MAX:
        raise _Unreadable(f"holds more than {PARTS_MAX:,} values by its aliases", node.start_mark.line + 1)
    return known[node]


def _bases(value: yaml.Node) -> list[yaml.MappingNode]:
    """The mappings that a merge key names."""
    bases: list[yaml.MappingNode] = []
    for base in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if not isinstance(base, yaml.MappingNode):
            raise _Unreadable("<< takes a mapping, or a list of them", base.start_mark.line + 1)
        bases.append(base)
    return bases


def _check_keys(loader: _Loader, node: yaml.MappingNode) -> None:
    """Raise where a key is no plain word, or is there twice."""
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            continue
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Unreadable("a list or a mapping cannot be a key", line)
        key: object = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            is_read = _WORDS.get(key_node.tag, "something else")
            raise _Unreadable(f"YAML reads the key {_shown(key_node)} as {is_read}; put it in quotes", line)
        if key in seen:
            raise _Unreadable(f"{key[:_SHOWN]} is there twice", line)
        seen.add(key)


def _shown(node: yaml.Node) -> str:
    text = str(node.value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
