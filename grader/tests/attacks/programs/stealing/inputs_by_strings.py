"""Tried: say the inputs, among them the word for the formula, in errors, in the answer, and in the name of a class.

Must: feedback on a hidden test shows no such text.
Lesson: 5
"""
count = 0


def tell(honest, args, kwargs):
    global count
    count += 1
    text = "LEAKED " + repr((args, kwargs))[:200]
    if count % 3 == 0:
        return text
    if count % 3 == 1:
        raise ValueError(text)
    raise type("LEAKED" + str(abs(hash(text))), (Exception,), {})(text)


answer_with(tell)
