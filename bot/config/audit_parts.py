"""The team file's ``audit``: where and when the ledger's head is posted."""

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator

from bot.core.ledger_heads import HeadPosts
from bot.core.zones import zone_named
from bot.sections.parts import Channel, Part, clock
from bot.stages.standup.team_file import known


class AuditPart(Part):
    """Without a channel no head is posted."""

    channel: Channel | None = None
    at: Annotated[time, BeforeValidator(clock)] = time(9)
    zone: Annotated[str, known(zone_named)] = "UTC"

    def head_posts(self) -> HeadPosts | None:
        """The domain's; nothing where none are wanted."""
        return HeadPosts(self.channel, self.at, str(zone_named(self.zone))) if self.channel else None
