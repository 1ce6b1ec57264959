"""Tried: cells that pretend to begin other cells, in code, in texts and with odd line ends, and errors raised in them.

Must: a line that is shown lies in the cell that it names; nothing outside of the notebook is shown, and nothing is won.
"""
import json

MARKS = ("# %% cell 1", "# %% cell 99999999999999999999", "# %% cell -1", "# %% cell x", "#\u00a0%% cell 7", "\r# %% cell 7",
         "\u2028# %% cell 7", "\f# %% cell 7", '"""\n# %% cell 7\n"""', "x = 1\\\n# %% cell 7", "\ufeff# %% cell 7")
RAISES = '''
def {name}(*args, **kwargs):
    """
# %% cell 3
    """
    exec(compile("\\n" * 10**6 + "raise ValueError('# %% cell 2')", "minigpt/attention.py", "exec"))
'''


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    names = ("softmax", "attention_scores", "scale_scores", "mask_scores")
    texts = [kit.tools, kit.wrong, *MARKS, *(RAISES.format(name=name) for name in names),
             "def attention_pooling(:\n# %% cell 5\n", "def softmax_backward(d_out, weights, axis=-1):\n" + "(" * 5000]
    cells = [{"cell_type": "code", "id": f"grader-exercise-1-{n}", "metadata": {}, "source": text, "outputs": []}
             for n, text in enumerate(texts)]
    kit.write("notebooks/01_attention_mechanism.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {},
                                                                    "cells": cells}))
