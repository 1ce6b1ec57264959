"""Tried: ignore or block every signal, then loop.

Must: the kill cannot be ignored.
"""


def scale_scores(scores, d_k):
    signal = module("signal")
    for number in range(1, 65):
        attempt(lambda n=number: signal.signal(n, signal.SIG_IGN))
    attempt(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)))
    c = attempt(libc)
    attempt(lambda: c.signal(24, 1))
    while True:
        pass
