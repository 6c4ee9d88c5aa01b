"""What vendors share: HTTP, JSON, proofs, times, and the shape of a webhook source."""
