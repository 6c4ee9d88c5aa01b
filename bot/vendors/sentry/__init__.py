"""Sentry: webhook."""
