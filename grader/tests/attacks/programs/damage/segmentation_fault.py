"""Tried: crash by reading address 0, by abort, and by an illegal code object.

Must: a crash is an error of that exercise; the others keep what they earn.
"""


def scale_scores(scores, d_k):
    return module("ctypes").string_at(0)


def mask_scores(scores, mask):
    module("os").abort()


def attention_pooling(x_query, x_key, y, bandwidth):
    types = module("types")
    code = (lambda: 0).__code__.replace(co_code=b"\x7c\xff" * 40, co_stacksize=1)
    return types.FunctionType(code, {})()
