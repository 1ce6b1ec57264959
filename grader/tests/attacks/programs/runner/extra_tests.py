"""Tried: many passing tests of one's own, named like the course's, so that the share of passed ones rises.

Must: the denominator is the rubric.
"""
TEST = "".join(f"def test_more_{i}():\n    pass\n\n" for i in range(500))


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong + "\n\n" + TEST)
    for name in ("test_public.py", "test_hidden.py", "test_attention.py", "minigpt/test_public.py",
                 "minigpt/test_hidden.py", "tests/test_public.py"):
        kit.write(name, TEST)
