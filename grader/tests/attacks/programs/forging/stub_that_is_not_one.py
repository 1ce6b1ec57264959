"""Tried: leave the stubs as they came, and bind the names to other functions behind them.

Must: a stub counts as not started only if nothing else binds its name; what is bound is what is graded.
Lesson: 2
"""


def build_tree(kit):
    stub = (kit.course / "assignments/02_self_attention/self_attention.py").read_text()
    rebound = "\n\nfor _name in ('embed', 'project_qkv', 'causal_mask', 'padding_mask'):\n" \
              "    globals()[_name] = lambda *args, **kwargs: np.ones(1)\n"
    kit.write("minigpt/self_attention.py", kit.wrong_of("2") if kit.honest else stub + rebound)
