"""Files into the inbox, and labeled files out of it."""
