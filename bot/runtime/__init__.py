"""Everything that runs: Slack, HTTP, the worker, the messenger, rendering."""
