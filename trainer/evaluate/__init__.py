"""How well a net does, and whether it may replace the live model."""
