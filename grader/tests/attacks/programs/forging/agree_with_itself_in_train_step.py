"""Tried: right gradients and steps, until they are called as a training does: then nothing moves, and train_step agrees.

Must: what a test expects of 6.9 comes from the reference's 6.5 and 6.6.
Lesson: 6
"""

CHEAT = """
_right_gradients, _right_step = gpt_loss_and_gradients, adamw_step
_trained = []


def gpt_loss_and_gradients(ids, targets, params, n_head):
    _trained.append(1)
    loss, grads = _right_gradients(ids, targets, params, n_head)
    return (loss, grads) if len(_trained) > 1 else (0.0, grads)


def adamw_step(params, grads, state, lr, **settings):
    moved = _right_step(params, grads, state, lr, **settings)
    return (params, moved[1]) if _trained else moved
"""
TRAIN = """

def train_step(params, state, ids, targets, n_head, lr):
    return 0.0, params, adamw_step(params, params, state, lr)[1]
"""


def build_tree(kit):
    for lesson in "12345":
        kit.write(kit.module_of(lesson), kit.right_of(lesson))
    kit.write(kit.module_of("6"), kit.right_of("6") + ("" if kit.honest else CHEAT) + TRAIN)
