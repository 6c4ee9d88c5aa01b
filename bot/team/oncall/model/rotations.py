"""Rotations of the team file, by name: who takes turns on call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.team.oncall.model.rotation import Rota


@dataclass(frozen=True, slots=True)
class Rotations:
    """The team file's ``rotations``, by name."""

    rotas: Mapping[str, Rota] = field(default_factory=dict[str, Rota])
