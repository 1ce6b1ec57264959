"""Tried: a declared encoding that hides code in a comment (utf-7, rot13, an unknown one), and UTF-16.

Must: rejected with a clear word.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", "# coding: utf-7\n" + kit.wrong)
    kit.write("minigpt/rot.py", "# -*- coding: rot13 -*-\nvzcbeg bf\n")
    kit.write("minigpt/unknown.py", "# coding: ::error::FORGED\n")
    kit.write("minigpt/wide.py", "x = 1\n".encode("utf-16"))
