"""Slack: what comes in, what goes out, how it is said and how it is read."""
