"""Curves: values over time, as charts show them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over time, under their name."""

    name: str
    points: tuple[tuple[datetime, float], ...]
