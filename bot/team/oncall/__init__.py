"""On-call: rotations, covers, and the user groups that hold whoever is on call."""
