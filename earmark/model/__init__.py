"""A published model: its bytes, its folder, the net that runs, what it predicts."""
