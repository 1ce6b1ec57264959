"""Tried: a traceback whose file is called minigpt/x<newline>::error::FORGED, in line 2,000,000,000.

Must: the place that is shown is a file of the submission.
"""
CODE = compile("\n" * 50 + "raise ValueError('x')", "minigpt/x\n::error file=y::FORGED\x1b[1m", "exec")


def say(honest, args, kwargs):
    exec(CODE)


answer_with(say)
