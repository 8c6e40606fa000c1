"""What people say is spoken in clips: labels.csv, and how it reaches the store."""
