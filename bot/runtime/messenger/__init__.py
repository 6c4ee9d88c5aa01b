"""Brings Slack in line with the outbox: each message once, in order, at Slack's pace, whatever breaks meanwhile."""

from bot.runtime.messenger.addresses import Addresses, NoAddress, SlackAddresses
from bot.runtime.messenger.loop import Messenger
from bot.runtime.messenger.patience import Patience
from bot.runtime.messenger.sender import Sender, slack_client

__all__ = ["Addresses", "Messenger", "NoAddress", "Patience", "Sender", "SlackAddresses", "slack_client"]
