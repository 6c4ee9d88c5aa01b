"""The Slack edge: everything that Slack sends comes in here, and private answers go out."""

from bot.runtime.slack.edge import Identity, SlackEdge

__all__ = ["Identity", "SlackEdge"]
