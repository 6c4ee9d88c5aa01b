"""Deploy: deployments, from the request to the confirmation."""
