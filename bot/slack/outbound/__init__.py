"""Brings Slack in line with the outbox: each message once, in order, at Slack's pace, whatever breaks meanwhile."""

from bot.slack.outbound.channels import Addresses, NoAddress, SlackAddresses
from bot.slack.outbound.limits import Patience
from bot.slack.outbound.loop import Messenger
from bot.slack.outbound.sender import Sender, slack_client

__all__ = ["Addresses", "Messenger", "NoAddress", "Patience", "Sender", "SlackAddresses", "slack_client"]
