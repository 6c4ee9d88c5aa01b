"""The team: who and what we are, as the team file describes it; asked by every stage."""
