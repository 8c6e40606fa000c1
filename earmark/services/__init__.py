"""The processes that make up Earmark: their commands, heartbeats, supervisor, embedded server."""
