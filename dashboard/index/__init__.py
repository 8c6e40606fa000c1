"""The dashboard's own SQLite index of all clips, kept up to date from the store's events."""
