"""Imports whatever defines a table, so that the metadata is complete."""

from bot.storage import inbox, jobs, ledger, nouns, outbox, receipts, seals
from bot.storage.schema import metadata

__all__ = ["inbox", "jobs", "ledger", "metadata", "nouns", "outbox", "receipts", "seals"]
