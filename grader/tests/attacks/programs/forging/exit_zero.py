"""Tried: os._exit(0) inside a call, so that a missing report falls back to a clean exit code.

Must: 0 points for that exercise; silence is never a pass.
"""


def softmax(x, axis=-1):
    module("os")._exit(0)
