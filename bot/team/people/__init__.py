"""People: presence, leave, working hours, names."""
