"""Tried: a list that contains itself, and one that is a thousand levels deep.

Must: refused with a sentence.
"""
loop = []
loop.append(loop)
deep = []
for _ in range(1000):
    deep = [deep]
answer_with(lambda honest, args, kwargs: loop if len(args) % 2 else deep)
