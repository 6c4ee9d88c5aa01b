"""The Slack edge: everything that Slack sends comes in here, and private answers go out."""

from bot.slack.inbound.edge import SlackEdge
from bot.slack.installation import Identity

__all__ = ["Identity", "SlackEdge"]
