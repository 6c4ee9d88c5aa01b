"""Queues: webhooks that came in, jobs that are due, and leases on both."""
