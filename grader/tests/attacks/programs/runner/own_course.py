"""Tried: bring one's own course, with friendly tests and a rubric that gives a hundred points for nothing.

Must: tests and rubric come from the teacher's course.
"""
RUBRIC = """
title = "Attention"
module = "attention"
hours = [1, 1]
[[exercise]]
id = "1.1"
function = "softmax"
needs = []
paths = ["quick", "builder", "master"]
cpu_seconds = 2
hints = ["a", "b", "c"]
  [[exercise.criterion]]
  id = "free"
  points = 100
  text = "Free."
  read = ""
"""
TEST = """
from grader.testing import criterion
@criterion("1.1", "free")
def test_free(student):
    "Free."
    open("/tmp/MARKER", "w")
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    kit.write("minigpt/__init__.py", "from .attention import *\nraise SystemExit(0)\n")
    kit.write("assignments/course.toml", (kit.course / "assignments" / "course.toml").read_text())
    kit.write("assignments/01_attention_mechanism/rubric.toml", RUBRIC)
    for name in ("test_public.py", "test_hidden.py"):
        kit.write("assignments/01_attention_mechanism/" + name, TEST.replace("MARKER", kit.marker))
    kit.write("reference/minigpt/attention.py", kit.wrong)
