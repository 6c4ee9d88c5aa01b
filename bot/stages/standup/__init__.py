"""Standup: asynchronous stand-ups."""
