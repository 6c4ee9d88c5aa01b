"""What placeholders stand for where somebody else carries out a deployment."""

from collections.abc import Mapping

from bot.domain.target_ports import Order


def values_of(order: Order) -> Mapping[str, str]:
    """The order's values, with ``{deployment}`` as the name of this start.

    ``D-12/2`` rather than ``D-12``: what the other side shows and reports back has to tell a second start from the
    first, which may have ended badly and be reported late.
    """
    return {**order.values, "deployment": order.run}
