"""Tried: pass the reference trees that are deep, wide, empty, of wrong types, with keys of its own, and 2**25 rows.

Must: it fails in its own box, or answers; no text of its source comes back, and the grader stays as it is.
Lesson: 6
"""
from .feed_forward import feed_forward
from .multi_head import multi_head_attention
from .feed_forward import layer_norm

told = []


def transformer_block(x, params, n_head, mask=None):
    deep = x
    for _ in range(30):
        deep = {"c_attn": deep, "c_proj": deep if type(deep) is np.ndarray else x}
    for hostile in ({}, None, deep, {"c_attn": None}, [params] * 3, {"__class__": x}, {"c_fc": {"weight": x.astype(int)}}):
        for door in (multi_head_attention, feed_forward, layer_norm):
            error = attempt(lambda: door(x, hostile, n_head) if door is multi_head_attention else door(x, hostile))
            if isinstance(error, BaseException) and ("def " in str(error) or "minigpt/" in str(error)):
                told.append(str(error))
    attempt(lambda: feed_forward(np.zeros((1 << 12, 1 << 11)), params["mlp"]))
    if told:
        raise ValueError("LEAKED " + told[0][:200])
    return np.zeros_like(x)
