"""Numbers that have a name."""
