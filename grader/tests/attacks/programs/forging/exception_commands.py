"""Tried: an exception whose text is workflow commands, escape sequences and bidi controls.

Must: the text is neutralised wherever it is shown.
"""


def say(honest, args, kwargs):
    raise ValueError("oops\n::error file=x::FORGED\r::set-output name=a::FORGED\n##[group]FORGED\x1b[31m\u202eevil\u2066\x00")


answer_with(say)
