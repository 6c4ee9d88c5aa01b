"""Rendering: from a template and its values to the blocks that Slack shows."""
