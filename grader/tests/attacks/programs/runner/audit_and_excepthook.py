"""Tried: audit hooks, excepthook, unraisablehook and displayhook that swallow what goes wrong.

Must: the honest score.
"""


def quiet(*args):
    raise SystemExit(0)


attempt(lambda: sys.addaudithook(lambda *a: None))
for name in ("excepthook", "unraisablehook", "displayhook", "breakpointhook"):
    attempt(lambda n=name: setattr(sys, n, quiet))


def attention_scores(q, k):
    raise ValueError("swallowed?")
