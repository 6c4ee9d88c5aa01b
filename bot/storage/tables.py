"""Imports whatever defines a table, so that the metadata is complete."""

from bot.storage.engine.schema import metadata
from bot.storage.ledger import ledger, seals
from bot.storage.outbox import outbox
from bot.storage.queues import inbox, jobs, receipts
from bot.storage.work import nouns

__all__ = ["inbox", "jobs", "ledger", "metadata", "nouns", "outbox", "receipts", "seals"]
