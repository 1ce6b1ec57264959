"""Tried: a loss that is a fraction, a decimal, text, True, an integer of 63 digits, a long double, an array of one.

Must: not one number; or another number. Nothing of its own arithmetic runs in the grader.
Lesson: 6
"""
Decimal, Fraction = module("decimal").Decimal, module("fractions").Fraction
LOSSES = [Fraction(1, 3), Decimal("nan"), "0.5", True, 10**63, np.longdouble(1), np.array(1.0), np.array([1.0]), 1 + 0j,
          -0.0, float("inf"), b"1", np.float16(1), np.datetime64("2026-11-26"), np.timedelta64(1), np.str_("1")]
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    part = honest(*args, **kwargs)
    return (LOSSES[count % len(LOSSES)], *part[1:]) if type(part) is tuple else LOSSES[count % len(LOSSES)]


answer_with(answer)
