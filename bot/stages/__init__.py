"""The stages of the flow, a room each."""
