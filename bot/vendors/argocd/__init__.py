"""Argo CD: webhook."""
