"""Tried: keep one's own functions in place of the doors: by exec, star imports, conditions, decorators, globals().

Must: which functions answer makes no difference to the points that a wrong one earns.
Lesson: 3
"""
own = dict(globals())
if True:
    def split_heads(x, n_head, keep=own["split_heads"]):
        return keep(x, n_head)
exec("def merge_heads(x):\n    return x")
for split_qkv in [own["split_qkv"]]:
    pass
try:
    from .self_attention import *
except Exception:
    pass
globals().update({name: own[name] for name in FUNCTIONS})
vars(sys.modules[__name__]).update({"door:" + name: own[name] for name in FUNCTIONS})
