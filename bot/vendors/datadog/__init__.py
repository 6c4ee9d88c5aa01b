"""Datadog: webhook."""
