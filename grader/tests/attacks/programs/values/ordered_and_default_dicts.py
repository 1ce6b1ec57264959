"""Tried: OrderedDict, defaultdict, Counter, ChainMap and a mapping proxy in place of a state.

Must: refused or read as what they are; none makes up a value in the grader.
Lesson: 6
"""
collections = module("collections")
types = module("types")
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    made = collections.defaultdict(lambda: np.zeros(1), step=1)
    odd = [collections.OrderedDict(step=1, m=1, v=1), made, collections.Counter("mv"), collections.ChainMap(made),
           types.MappingProxyType({"step": 1}), types.SimpleNamespace(step=1)][count % 6]
    return honest(*args, **kwargs)[:-1] + (odd,) if honest.__name__ in ("adamw_step", "train_step") else odd


answer_with(answer)
