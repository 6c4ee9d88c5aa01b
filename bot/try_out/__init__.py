"""What `eightbells try` shows: a team, its code and its deployments, without an account anywhere."""
