"""Eightbells: a team's whole DevOps flow in Slack, held in one ledger."""
