"""Tried: the same through an exception while the module is imported.

Must: the text is neutralised wherever it is shown.
"""
raise ImportError("no\n::notice title=Autograding complete::Points 100/100\r\n##[error]FORGED\x1b]8;;x\x07\u202e")
