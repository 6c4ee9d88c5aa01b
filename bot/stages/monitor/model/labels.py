"""Labels as people type them: ``alertname=HighErrorRate service="web"``."""

import re
from collections.abc import Mapping

from bot.core.refusals import NotUnderstood

MOST = 40
_ONE = re.compile(r'\s*([a-zA-Z_][\w.:/-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|“([^”]*)”|([^\s,"]*))\s*(?:,|$|(?<=\s))')


def read_labels(text: str) -> Mapping[str, str]:
    """Labels by blanks or commas, with or without braces and quotes. Raises ``NotUnderstood``."""
    rest = text.strip().removeprefix("{").removesuffix("}").strip()
    found: dict[str, str] = {}
    while rest:
        part = _ONE.match(rest)
        if part is None or len(found) == MOST:
            why = (
                f"more than {MOST} of them" if len(found) == MOST else f"nothing can be read from “{rest[:60]}” on"
            )
            raise NotUnderstood(
                f"These are no labels: {why}. Write them as alertname=HighErrorRate service=web.", field="labels"
            )
        quoted = part[2] if part[2] is not None else part[3]
        found[part[1]] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else part[4]
        rest = rest[part.end() :].strip()
    if not found:
        raise NotUnderstood("Name at least one label, such as alertname=HighErrorRate.", field="labels")
    return found
