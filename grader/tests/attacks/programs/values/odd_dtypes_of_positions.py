"""Tried: tables of long doubles, objects, records, dates, texts, and of floats with the bytes turned round.

Must: refused or of the wrong dtype; no object is built from them.
Lesson: 4
"""
ODD = [np.longdouble, object, [("a", "f8"), ("b", "O")], "datetime64[s]", "U8", "S8", ">f8", "V16", np.float16, "timedelta64[D]"]
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    part = honest(*args, **kwargs)
    first = part[0] if type(part) is tuple else part
    odd = np.zeros(first.shape, ODD[count % len(ODD)])
    return (odd, odd) if type(part) is tuple else odd


answer_with(answer)
