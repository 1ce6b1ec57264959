"""Tried: small source, huge tree: chained operators, comparisons, attributes, f-strings, constant folding.

Must: an error of that file, within bounds of time and memory.
"""


def build_tree(kit):
    lines = ["a = " + "-" * 90_000 + "1", "b = " + "a." * 40_000 + "a", "c = 1" + "+1" * 90_000,
             "d = " + "not " * 50_000 + "a", "e = 'x' * 10**9", "f = (1,) * 10**8", "g = " + "lambda: " * 20_000 + "0",
             "h = 2**2**2**2**2**2**2", "i = " + "[" * 90 + "1" + "]" * 90]
    kit.write("minigpt/attention.py", kit.wrong + "\n" + "\n".join(lines) + "\n")
