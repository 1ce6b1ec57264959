"""A small GPT in NumPy, written function by function."""
