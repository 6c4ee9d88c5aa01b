"""Prometheus: measurements."""
