"""The dashboard: pages for people, and beside them an interface for programmes."""
