"""Alertmanager: webhook and silences."""
