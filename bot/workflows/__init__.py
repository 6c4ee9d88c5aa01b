"""What happens over time, one module per process; domain and ports only."""
