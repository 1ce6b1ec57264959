"""Tried: replace the weights in the dict that was passed by zeros, so that the expected answer becomes zero.

Must: what a test expects does not come from what the student was passed.
Lesson: 5
"""


def answer(honest, args, kwargs):
    for part in args:
        if type(part) is dict:
            for layer in part.values():
                for name in layer:
                    layer[name] = np.zeros_like(layer[name])
            part.clear()
        elif type(part) is np.ndarray:
            attempt(part.fill, 0)
    return np.zeros(1)


answer_with(answer)
