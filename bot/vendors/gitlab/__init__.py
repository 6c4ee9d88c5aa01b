"""GitLab: webhook, code host, deployment targets."""
