"""Every message of ours as Slack would get it, one JSON file each, to be read as a diff."""
