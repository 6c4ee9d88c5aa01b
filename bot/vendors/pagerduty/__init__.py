"""PagerDuty: webhook."""
