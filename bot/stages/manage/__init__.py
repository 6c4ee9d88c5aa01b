"""Manage: feedback, concerns, delivery figures."""
