"""Tried: draw a million numbers too many, rewind the generator, jump it, and swap its state for a known one.

Must: the test's own generator does not move; what a test expects does not change.
Lesson: 5
"""
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    for rng in args:
        if isinstance(rng, np.random.Generator):
            if count % 3 == 0:
                rng.random(1_000_000)
            elif count % 3 == 1:
                rng.bit_generator.state = np.random.PCG64(0).state
            else:
                rng.bit_generator.advance(1 << 100)
    return honest(*args, **kwargs)


answer_with(answer)
