"""Tried: a loop while the module is imported.

Must: tried once, not once for each exercise.
"""
while True:
    pass
