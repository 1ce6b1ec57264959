"""Tried: an id with controls, a path, a formula, a thousand letters, a list; it seeds the numbers of the questions.

Must: no id of such a form; the questions with numbers cannot be judged, and say so.
Lessons: all
"""
IDS = ['"../../etc/passwd"', '"=1+1"', '"' + "x" * 1000 + '"', '["a", "b"]', '"\\u001b[31m"', '"\\u202e"', "1", '""']


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("answers/me.toml", f"id = {IDS[0]}\n[id2]\nid = {IDS[2]}\n" + "".join(f"k{i} = {x}\n" for i, x in enumerate(IDS)))
    kit.write("answers/checkpoint_1.toml", "[two-words]\nscores = [1, 1]\nweights = [1, 1]\nout = 1\n")
