"""Tried: a notebook whose cells are for the shell, for IPython, for other languages, and run at once when they are read.

Must: only functions, imports and quiet names count; no line of it is run outside of the box, and no command by anybody.
"""
import json


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    place = kit.canary.parent / kit.marker
    loud = [f"!touch {place}", f"%%bash\ntouch {place}", f"%sx touch {place}", f"%run -i {kit.canary}",
            f"get_ipython().system('touch {place}')", f"files = !touch {place}", "%load_ext autoreload",
            f"%%writefile {place}\nx", f"import os\nos.system('touch {place}')\nraise SystemExit(0)",
            f"%%python\nopen({str(place)!r}, 'w')", "%config Application.log_level = 0", "softmax?", "?softmax",
            f"if True:\n    !touch {place}", "while True:\n    pass", "exit", "%reset -f", "%%javascript\nalert(1)"]
    cells = [code(kit.tools), *map(code, loud), code(kit.wrong),
             code(f"class Mine:\n    attempt(lambda: module('os').system('touch {place}'))\n"
                  f"    attempt(lambda: open({str(place)!r}, 'w'))\n    attempt(lambda: open(CANARY).read())\n"),
             {"cell_type": "markdown", "metadata": {}, "source": "::error::x\n<script>alert(1)</script>"}]
    kit.write("notebooks/01_attention_mechanism.ipynb", json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "bash", "name": "\x1b[31m::error::x"}},
         "cells": cells}))


def code(text):
    return {"cell_type": "code", "id": "::error::x", "metadata": {}, "source": text, "execution_count": None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "100/100\n::notice::passed"}]}
