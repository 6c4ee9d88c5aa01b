"""GitHub: webhook, code host, deployment targets."""
