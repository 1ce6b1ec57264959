"""Honest: helper modules and a helper folder, imported absolutely, relatively and inside a function."""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("minigpt/work/__init__.py", "from .inner import *\n")
    kit.write("minigpt/work/inner.py", kit.right)
    kit.write("minigpt/again.py", "import minigpt.work as w\nsoftmax = w.softmax\n")
    kit.write("minigpt/attention.py", """import numpy as np
from .work.inner import attention_scores, scale_scores, mask_scores, scaled_dot_product_attention
from minigpt.work import attention_pooling
from . import again


def softmax(x, axis=-1):
    return again.softmax(x, axis)


def softmax_backward(d_out, weights, axis=-1):
    from .work.inner import softmax_backward as work
    return work(d_out, weights, axis)
""")
