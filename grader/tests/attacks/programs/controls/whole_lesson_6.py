"""Honest: the right lesson 6 on a right package, with deep copies of all parameters and a training that prints.

Lesson: 6
"""


def build_tree(kit):
    for lesson in "123456":
        kit.write(kit.module_of(lesson), kit.right_of(lesson))
    kit.write(kit.module_of("6"), kit.right_of("6") + """
import copy

_right_step, _right_forward = adamw_step, gpt_forward


def adamw_step(params, grads, state, lr, **settings):
    print("a step", lr)
    return _right_step(copy.deepcopy(params), grads, copy.deepcopy(state), lr, **settings)


def gpt_forward(ids, params, n_head):
    return _right_forward(ids.copy(), params, n_head)
""")
