"""The Slack edge: everything that Slack sends comes in here, and private answers go out."""

from bot.runtime.slack.edge import SlackEdge
from bot.runtime.slack.installation import Identity

__all__ = ["Identity", "SlackEdge"]
