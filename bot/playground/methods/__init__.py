"""The Web API, one module per family of methods; importing this package registers all of them."""

from bot.playground.calls import METHODS
from bot.playground.methods import channels, chat, files, items, people, session, views

__all__ = ["METHODS", "channels", "chat", "files", "items", "people", "session", "views"]
