"""Everybody who is not Slack."""
