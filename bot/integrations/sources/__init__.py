"""Who sends webhooks: one folder each, found by discovery."""
