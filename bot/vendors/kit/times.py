"""When something happened, whatever its sender says of it."""

from datetime import datetime

from bot.vendors.kit.alerts import SKEW
from bot.vendors.kit.webhooks import Delivery


def happened(told: datetime | None, delivery: Delivery) -> datetime:
    """The instant that was told; when we heard of it where none was, or one that cannot have come yet."""
    return believed(told, delivery) or delivery.received_at


def believed(told: datetime | None, delivery: Delivery) -> datetime | None:
    """The instant that was told; None where it lies further ahead than clocks are wrong."""
    return told if told and told < delivery.received_at + SKEW else None
