"""Tried: secrets in the environment, and what waits in open descriptors.

Must: the environment has none; there is nothing but the two pipes.
"""


def steal():
    os = module("os")
    loot = [f"{k}={v}" for k, v in os.environ.items() if "SECRET" in k or "TOKEN" in k or "GRADER" in k or "GITHUB" in k]
    extra = [fd for fd in range(5, 256) if not isinstance(attempt(os.fstat, fd), BaseException)]
    extra += [fd for fd in range(5, 256) if not isinstance(attempt(os.dup, fd), BaseException)]
    return loot + [f"descriptor {fd}" for fd in extra]


if steal():
    raise ImportError("LEAKED " + repr(steal()))
