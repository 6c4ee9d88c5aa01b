"""The Web API, one module per family of methods; importing this package registers all of them."""

from bot.playground.methods import channels, chat, files, items, people, session, views

__all__ = ["channels", "chat", "files", "items", "people", "session", "views"]
