"""Show a sum, step by step."""

print("2 and 3 give 5")
