"""This machine: a git clone and commands."""
