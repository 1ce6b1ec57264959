"""Grade a course of Python exercises, and say which mistake was made."""

__version__ = "0.1.0"
