"""What tells monitors and people from outside: metrics, drift, webhook."""
