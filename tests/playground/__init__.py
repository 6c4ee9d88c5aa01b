"""Tests of the local stand-in for Slack, with the real SDK and the real Bolt on the other side."""
