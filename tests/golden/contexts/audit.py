"""The ledger's head, posted every day, and word that it could not be."""

from datetime import timedelta

HEAD = "1204:" + "9f3c2a07" * 8

CONTEXTS = {
    "audit/head": {"head": HEAD, "since": True, "new": 38, "late_by": None},
    "audit/head#late": {"head": HEAD, "since": True, "new": 1, "late_by": timedelta(hours=2, minutes=10)},
    "audit/head#first": {"head": HEAD, "since": False, "new": 1204, "late_by": None},
    "audit/head_unsaid": {
        "to": "#audit",
        "reason": "the bot is not in this channel: invite it (not_in_channel)",
    },
}
