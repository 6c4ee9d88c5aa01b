"""The carrier that knows whom to ask."""

from bot.domain.target_ports import NotTaken, Order, Report, Taken
from bot.domain.targets import Elsewhere


class AnyCarrier:
    """Asks GitHub, GitLab or whoever stands at an address, as the service's way to deploy says."""

    async def start(self, how: Elsewhere, order: Order) -> Taken:
        """See ``Carrier.start``."""
        raise NotTaken(f"{how.title} is not there yet")

    async def find(self, how: Elsewhere, order: Order) -> Taken | None:
        """See ``Carrier.find``."""
        return None

    async def look(self, how: Elsewhere, order: Order) -> Report | None:
        """See ``Carrier.look``."""
        return None

    async def stop(self, how: Elsewhere, order: Order) -> bool:
        """See ``Carrier.stop``."""
        return False
