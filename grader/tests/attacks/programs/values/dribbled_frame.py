"""Tried: a frame of which one byte comes every tenth of a second, for ever.

Must: one absolute deadline for each call ends it.
"""


def scale_scores(scores, d_k):
    os, time = module("os"), module("time")
    os.write(reply_pipe(), b"\x00\x00\x02\x00" + bytes(8))
    while True:
        os.write(reply_pipe(), b" ")
        time.sleep(0.1)
