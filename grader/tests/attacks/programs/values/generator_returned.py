"""Tried: give back the random generator itself, pairs of it, its bit generator, and a kind of it.

Must: refused with a sentence.
Lesson: 6
"""


class Lucky(np.random.Generator):
    def random(self, *size):
        return np.zeros(size)

    integers = normal = random


count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    rng = next((a for a in args if isinstance(a, np.random.Generator)), np.random.default_rng(0))
    return [rng, (rng, rng), rng.bit_generator, Lucky(np.random.PCG64(0)), [np.random.RandomState(0)]][count % 5]


answer_with(answer)
