"""Training and evaluation on a folder, without a server."""
