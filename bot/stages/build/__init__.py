"""Build: runs of pipelines."""
