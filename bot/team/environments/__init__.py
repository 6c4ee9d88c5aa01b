"""Environments: locks, freezes, and what is looked at again when one of them moves."""
