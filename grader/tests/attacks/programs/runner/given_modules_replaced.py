"""Tried: modules of one's own in place of those that the course gives, and an __init__ that patches numpy.

Must: given modules come from the course; the result says that they differ.
Lesson: 6
"""


def build_tree(kit):
    kit.write("minigpt/transformer.py", kit.wrong_of("6") + "\nfrom . import parameters, text, train\n")
    if not kit.honest:
        for name in ("__init__", "parameters", "text", "train", "chat", "show", "stories", "live"):
            kit.write(f"minigpt/{name}.py", "import numpy as np\nnp.zeros = np.ones\nraise SystemExit(0)\n")
