"""Flags: feature flags and roll-outs."""
