"""Monitor: alerts, incidents, escalation."""
