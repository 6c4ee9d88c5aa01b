"""Stand-ups of the team file: what the first start makes of them; from then on Slack decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.stages.standup.model.setup import Setup


@dataclass(frozen=True, slots=True)
class Standups:
    """The team file's ``standups``, by name."""

    setups: Mapping[str, Setup] = field(default_factory=dict[str, Setup])

    def asked_in(self, group: str) -> Sequence[str]:
        """Names of those that ask whoever is in a user group."""
        return [setup.name for setup in self.setups.values() if group in setup.groups]
