"""Grafana: webhook."""
