"""Flow: the whole: board, Home, passport, loose ends."""
