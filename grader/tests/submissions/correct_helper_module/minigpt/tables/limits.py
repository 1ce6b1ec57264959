"""Limits."""

FORBIDDEN = -1e30
