"""The net: its layers, its batches, how it is fitted."""
