"""Tried: import or load the reference, the hidden tests and the misconceptions by every name they may have.

Must: no such module; the honest score.
"""


def hunt():
    found = []
    for name in ("reference", "reference.minigpt.attention", "test_hidden", "misconceptions", "minigpt._reference",
                 "minigpt.reference", "minigpt.solution", "grader.grading", "grader.course"):
        got = attempt(lambda n=name: module(n))
        if not isinstance(got, BaseException):
            found.append(got)
    loader = module("importlib.machinery").SourceFileLoader
    for place in ("/reference/minigpt/attention.py", "/assignments/01_attention_mechanism/test_hidden.py"):
        got = attempt(lambda p=place: loader("stolen", COURSE + p).load_module())
        if not isinstance(got, BaseException):
            found.append(got)
    return [f for f in found if hasattr(f, "softmax")]


for stolen in attempt(hunt) or []:
    globals().update({name: getattr(stolen, name) for name in FUNCTIONS})
