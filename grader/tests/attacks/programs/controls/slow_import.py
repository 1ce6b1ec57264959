"""Honest: an import that takes a second of waiting and some of work."""
import time

time.sleep(1.0)
TABLE = [np.sin(i) for i in range(100_000)]
