"""A model's folder: files, card, plots."""
