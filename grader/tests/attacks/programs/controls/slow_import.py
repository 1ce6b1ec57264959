"""Honest: an import that takes half a second of waiting and some of work."""
import time

time.sleep(0.5)
TABLE = [np.sin(i) for i in range(100_000)]
