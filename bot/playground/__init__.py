"""A local stand-in for one Slack workspace, so that a bot can be tried and tested without an account."""
