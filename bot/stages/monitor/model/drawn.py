"""Alert expressions: what of one can be drawn, and against which threshold."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_COMPARED = re.compile(
    r"(?s)(?P<left>.+?)\s*(?:[<>]=?|[!=]=)\s*(?:bool\s+)?(?P<limit>[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*\)?\s*"
)
EXPRESSION_MAX = 4_000  # characters


@dataclass(frozen=True, slots=True)
class Drawn:
    """What an alert's expression measures, and the value that it holds it against, where that is a number."""

    query: str
    threshold: float | None = None

    @classmethod
    def of(cls, url: str) -> "Drawn | None":
        """From the link that Prometheus gives an alert; None where that names no expression."""
        try:
            expressions = parse_qs(urlsplit(url).query).get("g0.expr", [])
        except ValueError:
            return None
        if not expressions or len(expressions[0]) > EXPRESSION_MAX:
            return None
        written = expressions[0].strip()
        compared = _COMPARED.fullmatch(written)
        if compared is None or compared["left"].count("(") != compared["left"].count(")"):
            return cls(written)
        return cls(compared["left"].strip(), float(compared["limit"]))
