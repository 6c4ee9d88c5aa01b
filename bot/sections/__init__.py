"""Sections of the team file: what their readers share."""
