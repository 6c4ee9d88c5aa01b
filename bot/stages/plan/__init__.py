"""Plan: changes: what we mean to do and why."""
