"""The outbox: messages to Slack, each once and in order."""
