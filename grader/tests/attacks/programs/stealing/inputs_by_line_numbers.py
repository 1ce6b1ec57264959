"""Tried: carry bits of the inputs out in the number of the line that raises, far outside the file.

Must: the place that is shown lies in the file.
"""


def tell(honest, args, kwargs):
    bits = int(abs(float(np.asarray(args[0]).ravel()[0])) * 1e9) + 10_000
    tree = module("ast").parse("raise ValueError")
    module("ast").increment_lineno(tree, bits % 2**30)
    exec(compile(tree, "minigpt/attention.py", "exec"))


answer_with(tell)
