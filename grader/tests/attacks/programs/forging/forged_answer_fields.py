"""Tried: speak for the worker: errors whose class, place and text are workflow commands and paths outside.

Must: each field is checked for its form; no such text is shown.
"""
count = 0
COMMAND = "\n::error file=x::FORGED\x1b[31m"
FORGED = [
    {"t": "X" + COMMAND, "b": ["ValueError"], "m": "m", "f": [], "p": 0},
    {"t": "ValueError", "b": ["ValueError" + COMMAND], "m": "m", "f": [], "p": 0},
    {"t": "ValueError", "b": ["ValueError"], "m": "m" + COMMAND, "f": [["/etc/passwd", 1, "f"]], "p": 0},
    {"t": "ValueError", "b": ["ValueError"], "m": "m", "f": [["minigpt/attention.py" + COMMAND, 1, "f"]], "p": 0},
    {"t": "ValueError", "b": ["ValueError"], "m": "m", "f": [["minigpt/attention.py", -7, "f" + COMMAND]], "p": 0},
    {"t": "ValueError", "b": ["ValueError"], "m": "m", "f": [["minigpt/attention.py", 10**60, "f"]] * 5000, "p": 0},
    {"t": "Passed", "b": ["CheckPassed"], "m": "m", "f": [], "p": 10**9, "score": 100},
]


SCENE = {"o": [], "n": [], "s": ""}
SCENES = [
    {"o": [1, 1, 0, 10**60], "n": [], "s": COMMAND},
    {"o": [1, 1, 0, 9], "n": [["count" + COMMAND, "int", None]], "s": ""},
    {"o": [1, 1, 0, 9], "n": [["count", "int" + COMMAND, [-1]]] * 5000, "s": ""},
]
FORGED = [{**SCENE, **fields} for fields in FORGED]
FORGED += [{"t": "ValueError", "b": ["ValueError"], "m": "m", "f": [["minigpt/attention.py", 1, "f"]], "p": 0,
            **scene} for scene in SCENES]


def forge(honest, args, kwargs):
    global count
    count += 1
    choice = (count + FUNCTIONS.index(honest.__name__)) % len(FORGED)
    server()._send("raised", **FORGED[choice])
    server()._pipes.receive()
    module("os")._exit(0)


answer_with(forge)
