"""Tried: dicts whose keys are numbers, bytes, None, tuples, and texts of a class of their own.

Must: refused with a sentence; nothing hashes or compares such a key in the grader.
Lesson: 6
"""


class Name(str):
    __hash__ = lambda self: hash("weight")
    __eq__ = lambda self, other: True


KEYS = [0, b"weight", None, ("weight",), Name("weight"), 1.5, True, np.str_("weight"), float("nan"), frozenset()]
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    odd = {KEYS[count % len(KEYS)]: np.zeros(2), "weight": np.zeros(2)}
    return (-1.0, odd) if honest.__name__ == "gpt_loss_and_gradients" else odd


answer_with(answer)
