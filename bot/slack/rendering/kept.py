"""A cache of renderings: a message that many people ask for while nothing changes is made once."""

from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from bot.core.messages import Lasting, Rendered
from bot.slack.rendering.filters import Names

KEPT = 8  # renderings; each is at most as large as one message

_asked: ContextVar[dict[str, str | None] | None] = ContextVar("asked", default=None)


@dataclass(frozen=True, slots=True)
class _Kept:
    template: str
    context: Lasting
    names: Mapping[str, str | None]  # what people were called when it was made
    rendered: Rendered


class KeptRenderings:
    """The newest renderings of ``Lasting`` contexts, each shown again as long as it would be made the same way.

    That is so for the very same values (they are held, so nothing else can take their place) while everybody whom
    the message names is still called the same.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._kept: deque[_Kept] = deque(maxlen=KEPT)

    def name_of(self, user_id: str) -> str | None:
        """How somebody is called; noted where a rendering that is to be kept asks."""
        name = self._names(user_id)
        asked = _asked.get()
        if asked is not None:
            asked[user_id] = name
        return name

    def __call__(self, template: str, context: Lasting, make: Callable[[], Rendered]) -> Rendered:
        """The rendering that was kept, or what ``make`` gives, which is kept from then on. Raises what it raises."""
        for one in self._kept:
            if one.template == template and _same(one.context, context) and self._still_called(one.names):
                return one.rendered
        names: dict[str, str | None] = {}
        outer = _asked.set(names)
        try:
            rendered = make()
        finally:
            _asked.reset(outer)
        self._kept.append(_Kept(template, context, names, rendered))
        return rendered

    def _still_called(self, names: Mapping[str, str | None]) -> bool:
        return all(self._names(user_id) == name for user_id, name in names.items())


def _same(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return kept.keys() == asked.keys() and all(kept[name] is value for name, value in asked.items())
