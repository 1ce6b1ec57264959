"""Tried: crash the interpreter inside its own C code: repr, hash, pickle and comparison of things a million levels deep.

Must: at worst this process dies, and a new one answers the next test.
Lesson: 6
"""
deep = ()
for _ in range(1_000_000):
    deep = (deep,)


def answer(honest, args, kwargs):
    sys.setrecursionlimit(2**31 - 1)
    attempt(lambda: hash(deep))
    return deep


answer_with(answer)
