"""Tried: put false lines into linecache, so that another source is shown or parsed.

Must: places are shown from the text that was handed in.
"""


def poison():
    linecache = module("linecache")
    for name in list(linecache.cache) + ["minigpt/attention.py", "test_hidden.py"]:
        linecache.cache[name] = (1, None, ["::error::FORGED\n"] * 500, name)


attempt(poison)


def softmax(x, axis=-1):
    poison()
    raise ValueError("x")
