"""One message in the making: what the calls of a template put where, and what they may not do."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bot.slack.rendering import filters

Block: TypeAlias = dict[str, Any]
Caller: TypeAlias = Callable[[], str]
Mode: TypeAlias = Literal["mrkdwn", "plain", "code"]


class TemplateFault(Exception):
    """A template does what templates may not; the text says which and what instead."""


@dataclass(frozen=True, slots=True)
class Element:
    """Something that has its place within or between blocks, and is put there where it is shown."""

    kind: Literal["button", "image", "field", "block"]
    body: Block


@dataclass(slots=True)
class Sheet:
    """One message in the making."""

    text: str | None = None
    blocks: list[Block] = field(default_factory=list[Block])
    mode: Mode = "mrkdwn"
    within: str = ""  # the call that is open
    placed: list[Element] = field(default_factory=list[Element])  # what it holds so far
    overflowed: bool = False  # a text was cut as a whole, because its values were not cut enough

    def read(self, kind: str, caller: Caller, mode: Mode = "mrkdwn") -> str:
        """Run what a call encloses, and return its text with every line trimmed (but in code)."""
        if self.within:
            raise TemplateFault(f"{kind}() stands within {self.within}(); blocks hold no blocks")
        if self.text is None and kind != "notification":
            raise TemplateFault(f"{kind}() comes before notification(); the plain words come first")
        self.within, self.mode, self.placed = kind, mode, []
        try:
            body = str(caller())
        finally:
            self.within, self.mode = "", "mrkdwn"
        if mode == "code":
            return body.strip("\n")
        return "\n".join(line.strip() for line in body.strip().split("\n"))

    def place(self, element: Element) -> None:
        """Put an element where the template shows it."""
        takes = {"actions": "button", "context": "image", "fields": "field", "": "block"}.get(self.within)
        if element.kind == "image" and not self.within:
            element = Element("block", element.body)
        if element.kind != takes:
            where = f"within {self.within}()" if self.within else "between blocks"
            raise TemplateFault(f"a {element.kind} has no place {where}")
        if not self.within:
            self.add(element.body)
        else:
            self.placed.append(element)

    def add(self, block: Block) -> None:
        """Append a block; the plain words must be there already."""
        if self.text is None:
            raise TemplateFault("notification() must come first")
        self.blocks.append(block)

    def fit(self, text: str, most: int) -> str:
        """Mrkdwn cut as a whole where its values were not cut enough."""
        if len(text) > most:
            self.overflowed = True
        return filters.cut_markup(text, most)

    def finish(self, most_blocks: int) -> tuple[Block, ...]:
        """The blocks, at most so many; buttons at the end stay, the middle becomes "and 12 more"."""
        if len(self.blocks) <= most_blocks:
            return tuple(self.blocks)
        tail = self.blocks[-1:] if self.blocks[-1]["type"] == "actions" else []
        head = self.blocks[: most_blocks - 1 - len(tail)]
        rest = len(self.blocks) - len(head) - len(tail)
        return (*head, {"type": "context", "elements": [mrkdwn(f"and {rest} more")]}, *tail)


def mrkdwn(text: str) -> Block:
    """A text object in which only our own tokens are active."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str, most: int) -> Block:
    """A text object that is nothing but text: not even ``:emoji:``, which would turn ``10:30:45`` into pictures."""
    return {"type": "plain_text", "text": filters.cut(filters.clean(text), most), "emoji": False}


current: ContextVar[Sheet] = ContextVar("sheet")
"""The message that the rendering under way makes."""
