"""Tried: a burglar's tools in the cells of a notebook, at work in class bodies, decorators and defaults while it is read.

Must: a notebook's code has the same box as a module's: nothing opens, nothing is shown, nothing stays.
"""
import json

BURGLAR = '''
def steal():
    os, loot = module("os"), []
    for place in (CANARY, COURSE + "/assignments/01_attention_mechanism/test_hidden.py", "/etc/passwd",
                  COURSE + "/reference/minigpt/attention.py", "notebooks/01_attention_mechanism.ipynb"):
        for read in (lambda p: open(p, "rb").read(), lambda p: os.read(os.open(p, os.O_RDONLY), 1000)):
            found = attempt(read, place)
            loot += [] if isinstance(found, BaseException) else [str(found)]
    attempt(lambda: open(CANARY, "w").write("mine"))
    attempt(lambda: module("socket").create_connection(("127.0.0.1", PORT), 1))
    attempt(lambda: module("subprocess").run(["touch", "/tmp/" + MARKER]))
    return " ".join(loot)
'''
AT_WORK = '''
class Thief:
    loot = steal()
    if loot:
        raise ImportError("LEAKED " + loot)


def watched(function):
    def inner(*args, **kwargs):
        if steal():
            raise ValueError("LEAKED " + steal())
        return function(*args, **kwargs)
    return inner
'''


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    wrong = kit.wrong.replace("\ndef ", "\n@watched\ndef ")
    texts = (kit.tools, BURGLAR, AT_WORK, wrong, "def last(loot=steal(), more=[attempt(steal)]):\n    return loot\n")
    cells = [{"cell_type": "code", "metadata": {}, "source": text, "outputs": []} for text in texts]
    kit.write("notebooks/01_attention_mechanism.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {},
                                                                    "cells": cells}))
