"""Tried: a frame that promises 2**64 bytes and starts to deliver.

Must: refused from its head; no points for that exercise.
"""


def softmax(x, axis=-1):
    write = module("os").write
    write(reply_pipe(), b"\xff" * 12)
    while True:
        write(reply_pipe(), b"x" * 65536)
