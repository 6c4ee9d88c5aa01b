"""Core: the vocabulary of every room; the standard library and itself only."""
