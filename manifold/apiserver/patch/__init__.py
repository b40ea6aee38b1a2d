"""What an apply makes of a stored object: server-side apply with field ownership, and kubectl's three-way merge."""
