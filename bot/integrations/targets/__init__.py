"""What carries out a deployment: adapters of ``bot.domain.ports.Target``."""

from bot.integrations.targets.any_carrier import AnyCarrier
from bot.integrations.targets.local_command import LocalCommand

__all__ = ["AnyCarrier", "LocalCommand"]
