"""flagd: its file format and its bucketing."""
