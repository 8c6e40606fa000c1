"""Trains on the clips whose truth is known, evaluates, and publishes what is better."""
