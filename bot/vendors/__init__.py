"""Vendors: everything of one vendor in one folder, found by discovery."""
