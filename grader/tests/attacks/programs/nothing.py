"""An empty package and no answers.

Lessons: all
"""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
