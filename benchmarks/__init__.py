"""Measurements as ratios within one run; ``make bench`` runs them. Not tests: the machine is shared and noisy."""
