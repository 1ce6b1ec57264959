"""Tried: the right dicts and lists, with None, dots, NotImplemented or a function in every leaf.

Must: not what was asked for, in a sentence; never a pass for nothing.
Lesson: 6
"""
LEAVES = [None, ..., NotImplemented, len, np.ma.masked, np.newaxis, np]
count = 0


def hollow(part):
    global count
    count += 1
    if type(part) in (list, tuple):
        return type(part)(map(hollow, part))
    return {k: hollow(v) for k, v in part.items()} if type(part) is dict else LEAVES[count % len(LEAVES)]


answer_with(lambda honest, args, kwargs: hollow(honest(*args, **kwargs)))
