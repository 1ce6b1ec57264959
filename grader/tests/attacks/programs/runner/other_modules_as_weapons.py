"""Tried: put the attack into a module of another lesson, which this lesson imports: it patches, floods and hangs.

Must: it costs at most what it answers itself; a module that hangs is left out.
Lesson: 3
"""


def build_tree(kit):
    kit.write("minigpt/multi_head.py", kit.wrong_of("3") + "\nfrom minigpt import self_attention\n")
    kit.write("minigpt/self_attention.py", "")
    if not kit.honest:
        kit.write("minigpt/self_attention.py", "import numpy as np\nfor name in ('zeros', 'zeros_like', 'full'):\n"
                  "    setattr(np, name, None)\nprint('1 passed' * 9999)\nwhile True:\n    pass\n")
