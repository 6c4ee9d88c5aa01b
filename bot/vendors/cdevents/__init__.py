"""CDEvents: webhook, and events that we send."""
