"""Tried: texts of a hundred million letters as answers, as keys, as errors and as prints.

Must: cut or refused; the grader's memory stays small.
Lesson: 5
"""
long = "x" * 100_000_000
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    if count % 4 == 0:
        print(long)
    if count % 4 == 1:
        raise ValueError(long)
    return long if count % 4 == 2 else {long: 1}


answer_with(answer)
