"""A package of sums."""
