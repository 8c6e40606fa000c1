"""The interface for programmes: everything under `/api`, and what monitors ask."""
