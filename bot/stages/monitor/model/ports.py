"""What alerting needs from the world, as protocols: an Alertmanager, and the workspace's user groups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.curves import Curve
from bot.stages.monitor.model.silence import Silence


class AlertmanagerUnreachable(Exception):
    """Alertmanager did not answer, or not now; the text says which, without secrets."""


class AlertmanagerRefused(Exception):
    """Alertmanager will not have it, or us; trying again changes nothing."""


class Silencer(Protocol):
    """The Alertmanager in which silences are kept as well. Each method may be called again after a crash."""

    async def keep(self, silence: Silence) -> str:
        """Have it there as it is here; gives its id there.

        Raises ``AlertmanagerUnreachable``, ``AlertmanagerRefused``.
        """
        ...

    async def end(self, silence: Silence) -> None:
        """Have it there no longer. Raises as ``keep`` does."""
        ...

    async def firing(self) -> frozenset[str]:
        """Fingerprints of the alerts that fire there now, silenced or not. Raises as ``keep`` does."""
        ...


class PrometheusUnreachable(Exception):
    """Prometheus did not answer, or not with values; the text says which, without secrets."""


class Measurements(Protocol):
    """A Prometheus, asked for values over time."""

    async def over_time(self, query: str, since: datetime, until: datetime) -> Sequence[Curve]:
        """One curve a series, with some hundred points at most. Raises ``PrometheusUnreachable``."""
        ...
