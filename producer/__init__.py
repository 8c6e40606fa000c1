"""Watches the inbox, decides which clips are ready, and queues them."""
