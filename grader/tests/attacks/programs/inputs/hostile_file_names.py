"""Tried: names with line ends, workflow commands, escape sequences, HTML, formulas, quotes and broken UTF-8.

Must: neutralised wherever they are shown.
"""
import os

NAMES = ["a\n::error::FORGED.py", "##[error]FORGED.py", "\x1b[2JFORGED.py", "<script>FORGED.py", "=cmd|'FORGED'!A1.py",
         "'\";FORGED.py", "\u202eFORGED.py", "-rf.py", " .py", "..py", "\r::notice::FORGED.py", "x" * 240 + ".py",
         "attention .py", "Attention.py", "ATTENTION.PY", "a::error::b.py", "|pipe.py", "*.py"]


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    for name in NAMES:
        kit.write("minigpt/" + name, "x = 1\n")
        kit.write("minigpt/d" + name.removesuffix(".py") + "/x.py", "x = 1\n")
    os.close(os.open(os.fsencode(kit.folder / "minigpt") + b"/\xff\xfe.py", os.O_CREAT | os.O_WRONLY))
