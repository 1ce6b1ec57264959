"""Tried: make the reference raise behind a door, and read its frames, its line and its text off the error.

Must: the error has a class and a message, and no frame of the reference.
Lesson: 5
"""


def feed_forward(x, params):
    try:
        gelu(x, "no such word")
    except Exception as error:
        trace, names = error.__traceback__, []
        while trace:
            names.append(trace.tb_frame.f_code.co_name)
            code = trace.tb_frame.f_code
            if "erf" in code.co_names or "tanh" in code.co_names:
                raise ValueError("LEAKED " + repr(code.co_consts))
            trace = trace.tb_next
    return np.zeros_like(x)
