"""Slash commands, one module each, found by discovery."""
