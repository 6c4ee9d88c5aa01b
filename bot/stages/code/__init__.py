"""Code: ideas, blockers, pull requests."""
