"""What the Live page is told as it happens."""
