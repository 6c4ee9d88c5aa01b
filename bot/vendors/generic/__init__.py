"""Any JSON webhook, mapped in the team file."""
