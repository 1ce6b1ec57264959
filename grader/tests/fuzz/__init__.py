"""Throw odd bytes at everything that reads what a stranger wrote: only our own errors may come of it."""
